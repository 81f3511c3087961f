"""The same worker on the Work stream: credits and outcomes go up, leases and answers come down."""

import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import grpc
from orrery.dispatch.v1 import dispatch_pb2, dispatch_service_pb2 as calls, dispatch_service_pb2_grpc

from connection import connect
from handlers import must_stop, ref_of, run
from presence import CLAIMED, CONCURRENCY, LEASE, OPTIONS, Presence, log, log_results

channel = connect()
dispatch = dispatch_service_pb2_grpc.DispatchServiceStub(channel)
stopping = threading.Event()
lock = threading.RLock()  # Over everything below.
pool = ThreadPoolExecutor(CONCURRENCY)
# By task id and token: a token alone is not unique, tasks that were claimed at once share it.
held: dict[tuple[str, str], tuple[dispatch_pb2.Lease, threading.Event, Future]] = {}
extending: list[tuple[str, str]] = []  # What the last extension was for; its answer comes in this order.
unanswered: dict[str, calls.WorkRequest] = {}  # Outcomes by task id, said again on the next stream if this one breaks.
outbox: queue.SimpleQueue[calls.WorkRequest | None] = queue.SimpleQueue()  # None ends our side of the stream.


def open_stream():
    global outbox
    with lock:
        outbox.put(None)  # Lets go of the thread that sent for the stream before.
        outbox = queue.SimpleQueue()
        outbox.put(calls.WorkRequest(hello=calls.WorkHello(options=OPTIONS)))
        for request in unanswered.values():
            outbox.put(request)
        grant_or_end(CLAIMED - len(held))
    return dispatch.Work(iter(outbox.get, None))


def grant_or_end(credits):
    if not stopping.is_set():
        outbox.put(calls.WorkRequest(credits=calls.WorkCredits(add=credits)))
    elif not held:
        outbox.put(None)


def receive(response):
    for lease in response.leases.leases:
        take(lease)
    for result in response.results.results:
        unanswered.pop(result.task_id, None)
    log_results(response.results.results)
    cancels = [(ref.task_id, ref.lease_token) for ref in response.cancels.leases]
    cancels += [key for key, said in zip(extending, response.extended.extensions) if must_stop(said)]
    for key in held.keys() & cancels:
        held[key][1].set()
    if response.HasField("drain"):
        outbox.put(None)  # The server still answers what was said; then we connect again.


def take(lease):
    if stopping.is_set():
        return say(lease, calls.WorkOutcomes(releases=[ref_of(lease)]))
    cancelled = threading.Event()
    held[lease.task_id, lease.lease_token] = lease, cancelled, pool.submit(lambda: say(lease, run(lease, cancelled)))


def say(lease, outcomes):
    with lock:
        held.pop((lease.task_id, lease.lease_token), None)
        unanswered[lease.task_id] = calls.WorkRequest(outcomes=outcomes)
        outbox.put(unanswered[lease.task_id])
        grant_or_end(1)


def extend():
    while not presence.gone.wait(LEASE.seconds / 3):
        with lock:
            extending[:] = held
            request = calls.ExtendLeasesRequest(leases=[ref_of(lease) for lease, _, _ in held.values()])
            outbox.put(calls.WorkRequest(extend=request))


def stop():
    with lock:
        stopping.set()
        for lease, _, future in list(held.values()):
            if future.cancel():
                say(lease, calls.WorkOutcomes(releases=[ref_of(lease)]))
        grant_or_end(0)


presence = Presence(channel, stop)
threading.Thread(target=extend, daemon=True).start()
while held or unanswered or not stopping.is_set():
    try:
        for response in open_stream():
            with lock:
                receive(response)
    except grpc.RpcError as error:
        log.warning("stream: %s", error.details())
        stopping.wait(1)
presence.goodbye()
