"""Consumes Orrery's events from NATS JetStream, without Orrery's help: CloudEvents, read by the `cloudevents` library.

Prints one line for each event. A durable consumer: start it again, and it goes on where it was.
"""

import asyncio
import os
import signal

import nats
from cloudevents.core.bindings.http import HTTPMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from nats.errors import TimeoutError as NothingNew

SERVER = os.environ.get("ORRERY_NATS_URL", "nats://127.0.0.1:4222")
SUBJECT = os.environ.get("ORRERY_SUBJECT", "orrery.task.v1.>")
CONSUMER = os.environ.get("ORRERY_CONSUMER", "python-example")


async def main():
    stopping = asyncio.Event()
    for sig in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    connection = await nats.connect(SERVER, max_reconnect_attempts=-1)
    # One event at a time keeps the order of each task, however often something comes again.
    config = nats.js.api.ConsumerConfig(max_ack_pending=1)
    events = await connection.jetstream().pull_subscribe(SUBJECT, CONSUMER, stream="ORRERY", config=config)
    last = {}
    while not stopping.is_set():
        try:
            [message] = await events.fetch(1, timeout=1)
        except NothingNew:
            continue
        # The binary modes for HTTP and NATS have the same headers.
        event = from_binary(HTTPMessage(headers=dict(message.headers), body=message.data), JSONFormat())
        sequence = int(event.get_extension("sequence"))
        if sequence > last.get(event.get_subject(), 0):
            last[event.get_subject()] = sequence
            print(event.get_type(), event.get_subject(), sequence, event.get_data(), flush=True)
        await message.ack()
    await connection.close()


asyncio.run(main())
