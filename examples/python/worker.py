"""A worker with unary calls only. SIGTERM: it hands back what it has not begun, finishes the rest, and says goodbye."""

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import grpc
from google.protobuf.duration_pb2 import Duration
from orrery.dispatch.v1 import dispatch_pb2, dispatch_service_pb2 as calls, dispatch_service_pb2_grpc

from connection import NAMESPACE, connect
from handlers import must_stop, ref_of, run
from presence import CLAIMED, CONCURRENCY, LEASE, OPTIONS, Presence, log, log_results

POLL = Duration(seconds=2)  # SIGTERM waits for it; hanging up instead could lose leases that are on their way.

channel = connect()
dispatch = dispatch_service_pb2_grpc.DispatchServiceStub(channel)
stopping, finished = threading.Event(), threading.Event()
pool = ThreadPoolExecutor(CONCURRENCY)
held: dict[Future, tuple[dispatch_pb2.Lease, threading.Event]] = {}


def work(lease, cancelled):
    said = run(lease, cancelled)
    try:
        if said.completions:
            request = calls.CompleteTasksRequest(namespace=NAMESPACE, completions=said.completions)
            log_results(dispatch.CompleteTasks(request).results)
        else:
            request = calls.FailTasksRequest(namespace=NAMESPACE, failures=said.failures)
            log_results(dispatch.FailTasks(request).results)
    except grpc.RpcError as error:
        log.error("%s could not be reported, its lease runs out: %s", lease.task_id, error.details())


def extend():
    while not finished.wait(LEASE.seconds / 3):
        tasks = list(held.values())
        leases = [ref_of(lease) for lease, _ in tasks]
        try:
            request = calls.ExtendLeasesRequest(namespace=NAMESPACE, leases=leases, lease_duration=LEASE)
            for (_, cancelled), extension in zip(tasks, dispatch.ExtendLeases(request).extensions):
                if must_stop(extension):
                    cancelled.set()
        except grpc.RpcError as error:
            log.warning("extend: %s", error.details())


presence = Presence(channel, stopping.set)
threading.Thread(target=extend, daemon=True).start()
while not stopping.is_set():
    if len(held) == CLAIMED:
        wait(held, timeout=1, return_when=FIRST_COMPLETED)
    for future in [future for future in held if future.done()]:
        del held[future]
    try:
        if len(held) < CLAIMED:
            request = calls.ClaimTasksRequest(options=OPTIONS, max_tasks=CLAIMED - len(held), wait_timeout=POLL)
            for lease in dispatch.ClaimTasks(request).leases:
                cancelled = threading.Event()
                held[pool.submit(work, lease, cancelled)] = (lease, cancelled)
    except grpc.RpcError as error:
        log.warning("claim: %s", error.details())
        stopping.wait(1)
unstarted = [ref_of(lease) for future, (lease, _) in held.items() if future.cancel()]
dispatch.ReleaseTasks(calls.ReleaseTasksRequest(namespace=NAMESPACE, leases=unstarted))
pool.shutdown()
finished.set()
presence.goodbye()
