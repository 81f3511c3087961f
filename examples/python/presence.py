"""What both workers do beside their tasks: say hello, beat, listen for SIGTERM, say goodbye, log."""

import logging
import os
import signal
import socket
import sys
import threading

import grpc
from google.protobuf.duration_pb2 import Duration
from orrery.dispatch.v1 import dispatch_pb2
from orrery.task.v1 import task_pb2
from orrery.worker.v1 import worker_pb2, worker_service_pb2, worker_service_pb2_grpc

from connection import NAMESPACE
from handlers import HANDLERS

WORKER_ID = f"{socket.gethostname()}:{os.getpid()}"
CONCURRENCY = 4
CLAIMED = 6  # Two more than run at once, so that a free thread need not wait for the network.
LEASE = Duration(seconds=int(os.environ.get("ORRERY_LEASE_SECONDS", "30")))
OPTIONS = dispatch_pb2.ClaimOptions(
    namespace=NAMESPACE, worker_id=WORKER_ID, types=list(HANDLERS), lease_duration=LEASE
)

logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
log = logging.getLogger("worker")


class Presence:
    """Registers at once, then beats in its own thread. Calls `stop`, never in the main thread, on SIGTERM and to drain."""

    def __init__(self, channel: grpc.Channel, stop):
        self.registry = worker_service_pb2_grpc.WorkerServiceStub(channel)
        self.stop = stop
        self.worker = worker_pb2.Worker(
            namespace=NAMESPACE, id=WORKER_ID, types=list(HANDLERS), concurrency=CONCURRENCY, sdk="python-stubs"
        )
        self.gone = threading.Event()
        # A signal handler must not wait for a lock that the code it interrupts may hold.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: threading.Thread(target=stop).start())
        self.interval = self.register()
        self.thread = threading.Thread(target=self.beat, daemon=True)
        self.thread.start()

    def register(self) -> float:
        reply = self.registry.RegisterWorker(worker_service_pb2.RegisterWorkerRequest(worker=self.worker))
        log.info("worker %s is ready", WORKER_ID)
        return reply.heartbeat_interval.ToTimedelta().total_seconds()

    def beat(self):
        request = worker_service_pb2.HeartbeatWorkerRequest(namespace=NAMESPACE, worker_id=WORKER_ID)
        while not self.gone.wait(self.interval):
            try:
                if self.registry.HeartbeatWorker(request).should_drain:
                    self.stop()
            except grpc.RpcError as error:
                log.warning("heartbeat: %s", error.details())
                if error.code() == grpc.StatusCode.NOT_FOUND:
                    self.register()

    def goodbye(self):
        self.gone.set()
        self.thread.join()
        request = worker_service_pb2.DeregisterWorkerRequest(namespace=NAMESPACE, worker_id=WORKER_ID)
        self.registry.DeregisterWorker(request)


def log_results(results: list[dispatch_pb2.LeaseResult]):
    """A refused outcome, e.g. because the lease was lost, changed nothing and needs no more care."""
    for result in results:
        refused = result.error.message if result.HasField("error") else ""
        log.info("%s is now %s", result.task_id, refused or task_pb2.TaskStatus.Name(result.status))
