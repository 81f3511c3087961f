"""The consumer of events against a real NATS and a real server."""

import json
import os
import pathlib
import shutil
import socket
import tempfile
import unittest

import grpc
from orrery.task.v1 import task_pb2, task_service_pb2, task_service_pb2_grpc

from server import Process, Server, run_python


class ConsumeEventsTest(unittest.TestCase):
    def setUp(self):
        program = os.environ.get("ORRERY_NATS_SERVER") or shutil.which("nats-server") or "/usr/sbin/nats-server"
        folder = tempfile.TemporaryDirectory(prefix="orrery-nats-")
        self.addCleanup(folder.cleanup)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = pathlib.Path(folder.name, "nats.conf")
        config.write_text(f'listen: "127.0.0.1:{port}"\njetstream {{\n  store_dir: "{folder.name}"\n}}\n')
        nats = Process([program, "-c", str(config)], {})
        self.addCleanup(nats.kill)
        nats.expect("Server is ready")
        self.env = {"ORRERY_NATS_URL": f"nats://127.0.0.1:{port}"}
        server = Server(self.env)
        self.addCleanup(server.close)
        channel = grpc.insecure_channel(server.address)
        self.addCleanup(channel.close)
        self.tasks = task_service_pb2_grpc.TaskServiceStub(channel)

    def create(self) -> str:
        spec = task_pb2.TaskSpec(type="example.told", params=task_pb2.Payload(data=json.dumps({}).encode()))
        return self.tasks.CreateTask(task_service_pb2.CreateTaskRequest(task=spec), timeout=10).task.id

    def test_it_tells_of_a_task_in_order_and_goes_on_where_it_was(self):
        task = self.create()
        consumer = run_python("consume_events.py", self.env)
        self.addCleanup(consumer.kill)
        line = consumer.expect(rf"^orrery.task.v1.created {task} 1 (.*)").group(1)
        self.assertIn("'task_type': 'example.told'", line)
        self.tasks.CancelTask(task_service_pb2.CancelTaskRequest(task_id=task), timeout=10)
        consumer.expect(rf"^orrery.task.v1.cancelled {task} 2 ")
        self.assertEqual(consumer.stop(), 0)

        other = self.create()
        again = run_python("consume_events.py", self.env)
        self.addCleanup(again.kill)
        again.expect(rf"^orrery.task.v1.created {other} 1 ")
        self.assertEqual([line for line in again.lines if task in line], [])
