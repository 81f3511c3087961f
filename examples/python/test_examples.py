"""Runs the examples against a real server. test.sh prepares everything and starts this."""

import contextlib
import json
import signal
import sys
import unittest
import uuid

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from orrery.dispatch.v1 import dispatch_pb2, dispatch_service_pb2 as calls, dispatch_service_pb2_grpc
from orrery.task.v1 import task_pb2, task_service_pb2, task_service_pb2_grpc
from orrery.worker.v1 import worker_pb2, worker_service_pb2, worker_service_pb2_grpc

from server import Server, run_python
from test_events import ConsumeEventsTest  # noqa: F401 - run with the others

SERVER = Server()
CHANNEL = grpc.insecure_channel(SERVER.address)
TASKS = task_service_pb2_grpc.TaskServiceStub(CHANNEL)
DISPATCH = dispatch_service_pb2_grpc.DispatchServiceStub(CHANNEL)
WORKERS = worker_service_pb2_grpc.WorkerServiceStub(CHANNEL)


def create(namespace: str, type_name: str, params: object, request_id: str = "") -> str:
    spec = task_pb2.TaskSpec(
        type=type_name,
        params=task_pb2.Payload(data=json.dumps(params).encode()),
        retry_policy=task_pb2.RetryPolicy(max_attempts=3, initial_delay=Duration(nanos=100_000_000)),
    )
    request = task_service_pb2.CreateTaskRequest(namespace=namespace, task=spec, request_id=request_id)
    return TASKS.CreateTask(request, timeout=10).task.id


def wait(namespace: str, task_id: str, seconds: int = 30) -> task_pb2.Task:
    request = task_service_pb2.WaitTaskRequest(namespace=namespace, task_id=task_id, timeout=Duration(seconds=seconds))
    reply = TASKS.WaitTask(request, timeout=seconds + 10)
    assert reply.finished, f"still {task_pb2.TaskStatus.Name(reply.task.status)}"
    return reply.task


def get(namespace: str, task_id: str) -> task_pb2.Task:
    return TASKS.GetTask(task_service_pb2.GetTaskRequest(namespace=namespace, task_id=task_id), timeout=10).task


def error_info(details) -> error_details_pb2.ErrorInfo:
    infos = [error_details_pb2.ErrorInfo.FromString(any.value) for any in details if any.type_url.endswith("ErrorInfo")]
    assert len(infos) == 1, infos
    assert infos[0].domain == "orrery.dev", infos
    return infos[0]


class WorkerCase:
    """What both forms of the worker must do; each test has a namespace of its own."""

    script: str

    def setUp(self):
        self.namespace = f"test-{uuid.uuid4()}"
        self.env = {"ORRERY_ADDRESS": SERVER.address, "ORRERY_NAMESPACE": self.namespace}

    @contextlib.contextmanager
    def worker(self, **env: str):
        process = run_python(self.script, {**self.env, **env})
        try:
            process.expect("worker .* is ready")
            yield process
            self.assertEqual(process.stop(), 0, process.lines)
        except BaseException:
            process.kill()
            print("\n".join(process.lines), file=sys.stderr)
            raise

    def state(self) -> str:
        reply = WORKERS.ListWorkers(worker_service_pb2.ListWorkersRequest(namespace=self.namespace), timeout=10)
        (worker,) = reply.workers
        return worker_pb2.WorkerState.Name(worker.state)

    def test_create_and_wait_prints_results_and_errors(self):
        with self.worker():
            creator = run_python("create_and_wait.py", self.env)
            self.assertEqual(creator.wait(), 0, creator.lines)
            creator.expect(r'^example.greet TASK_STATUS_SUCCEEDED attempt=1 result=\{"greeting": "Hello, Ada!"\}$')
            creator.expect(r'^example.fetch TASK_STATUS_SUCCEEDED attempt=2 result=\{"url": .*, "attempt": 2\}$')
            creator.expect(r"^  attempt 1: network, retryable=True: https://example.com does not answer$")
            creator.expect(r"^example.greet TASK_STATUS_FAILED attempt=1 result=-$")
            creator.expect(r'^  attempt 1: invalid_input, retryable=False: "name" must be a non-empty text$')
            creator.expect(r"^refused: ALREADY_EXISTS: ")
            creator.expect(r"^  reason=REQUEST_ID_REUSED domain=orrery.dev metadata=\{'request_id': '[0-9a-f-]{36}'\}$")

    def test_a_retryable_error_is_retried_and_the_second_attempt_succeeds(self):
        with self.worker():
            task = wait(self.namespace, create(self.namespace, "example.fetch", {"url": "u"}))
        self.assertEqual(task.status, task_pb2.TASK_STATUS_SUCCEEDED)
        self.assertEqual(task.attempt, 2)
        self.assertEqual(json.loads(task.result.data), {"url": "u", "attempt": 2})
        (failed,) = task.failed_attempts
        self.assertEqual((failed.attempt, failed.error.error_type), (1, "network"))
        self.assertEqual(failed.error.exception_type, "ConnectionError")

    def test_an_error_that_is_not_retryable_ends_the_task_after_one_attempt(self):
        with self.worker():
            task = wait(self.namespace, create(self.namespace, "example.greet", {"name": ""}))
        self.assertEqual(task.status, task_pb2.TASK_STATUS_FAILED)
        self.assertEqual(task.attempt, 1)
        self.assertEqual((task.error.error_type, task.error.is_retryable), ("invalid_input", False))
        self.assertEqual(len(task.failed_attempts), 1)

    def test_a_lease_is_extended_while_the_task_runs(self):
        with self.worker(ORRERY_LEASE_SECONDS="1"):
            task = wait(self.namespace, create(self.namespace, "example.count", {"to": 30}))
        self.assertEqual(task.status, task_pb2.TASK_STATUS_SUCCEEDED)
        self.assertEqual(task.attempt, 1)

    def test_a_cancelled_task_stops(self):
        with self.worker(ORRERY_LEASE_SECONDS="3") as process:
            task_id = create(self.namespace, "example.count", {"to": 10_000})
            process.expect(f"{task_id} .* began attempt 1")
            TASKS.CancelTask(task_service_pb2.CancelTaskRequest(namespace=self.namespace, task_id=task_id), timeout=10)
            task = wait(self.namespace, task_id)
            process.expect(f"{task_id} is now ")
        self.assertEqual(task.status, task_pb2.TASK_STATUS_CANCELLED)

    def test_sigterm_hands_back_what_was_not_begun_and_finishes_the_rest(self):
        ids = [create(self.namespace, "example.count", {"to": 30}) for _ in range(8)]
        with self.worker() as process:
            process.expect("began attempt 1", times=4)
            self.assertEqual(self.state(), "WORKER_STATE_ACTIVE")
        ended = [get(self.namespace, task_id) for task_id in ids]
        begun = {line.split()[0] for line in process.lines if "began attempt" in line}
        for task in ended:
            expected = task_pb2.TASK_STATUS_SUCCEEDED if task.id in begun else task_pb2.TASK_STATUS_PENDING
            self.assertEqual(task.status, expected, process.lines)
            self.assertEqual(task.attempt, 1 if task.id in begun else 0)
            self.assertEqual(len(task.failed_attempts), 0)
        self.assertEqual(len(begun), 4)
        self.assertEqual(self.state(), "WORKER_STATE_STOPPED")

    def test_a_worker_outlives_a_crash_of_the_server(self):
        with self.worker() as process:
            during = create(self.namespace, "example.count", {"to": 20})
            process.expect(f"{during} .* began attempt 1")
            SERVER.crash()
            SERVER.restart()
            after = create(self.namespace, "example.greet", {"name": "Ada"})
            self.assertEqual(wait(self.namespace, after).status, task_pb2.TASK_STATUS_SUCCEEDED)
            task = wait(self.namespace, during)
        self.assertEqual((task.status, task.attempt), (task_pb2.TASK_STATUS_SUCCEEDED, 1))


class UnaryWorkerTest(WorkerCase, unittest.TestCase):
    script = "worker.py"


class StreamWorkerTest(WorkerCase, unittest.TestCase):
    script = "stream_worker.py"


class ProtocolTest(unittest.TestCase):
    """What the server says to a raw stub."""

    def setUp(self):
        self.namespace = f"test-{uuid.uuid4()}"
        self.options = dispatch_pb2.ClaimOptions(namespace=self.namespace, worker_id="raw")

    def stale_lease(self) -> dispatch_pb2.LeaseRef:
        """The lease of a task that was handed back and claimed anew."""
        create(self.namespace, "raw", None)
        first, second = self.claim(release=True), self.claim()
        self.assertEqual(first.task_id, second.task_id)
        self.assertNotEqual(first.lease_token, second.lease_token)
        return first

    def claim(self, release: bool = False) -> dispatch_pb2.LeaseRef:
        request = calls.ClaimTasksRequest(options=self.options, wait_timeout=Duration(seconds=10))
        (lease,) = DISPATCH.ClaimTasks(request, timeout=20).leases
        ref = dispatch_pb2.LeaseRef(task_id=lease.task_id, lease_token=lease.lease_token)
        if release:
            request = calls.ReleaseTasksRequest(namespace=self.namespace, leases=[ref])
            (result,) = DISPATCH.ReleaseTasks(request, timeout=10).results
            self.assertEqual(result.status, task_pb2.TASK_STATUS_PENDING)
        return ref

    def assert_lease_lost(self, ref: dispatch_pb2.LeaseRef, answer):
        self.assertEqual(answer.task_id, ref.task_id)
        self.assertEqual(answer.error.code, grpc.StatusCode.FAILED_PRECONDITION.value[0])
        info = error_info(answer.error.details)
        self.assertEqual((info.reason, info.metadata["task_id"]), ("LEASE_LOST", ref.task_id))

    def test_a_stale_token_is_refused_in_every_unary_call(self):
        ref = self.stale_lease()
        completion, failure = dispatch_pb2.Completion(lease=ref), dispatch_pb2.Failure(lease=ref)
        name = {"namespace": self.namespace}
        for answer in (
            *DISPATCH.CompleteTasks(calls.CompleteTasksRequest(completions=[completion], **name), timeout=10).results,
            *DISPATCH.FailTasks(calls.FailTasksRequest(failures=[failure], **name), timeout=10).results,
            *DISPATCH.ReleaseTasks(calls.ReleaseTasksRequest(leases=[ref], **name), timeout=10).results,
            *DISPATCH.ExtendLeases(calls.ExtendLeasesRequest(leases=[ref], **name), timeout=10).extensions,
        ):
            self.assert_lease_lost(ref, answer)
        self.assertEqual(get(self.namespace, ref.task_id).status, task_pb2.TASK_STATUS_RUNNING)

    def test_a_stale_token_is_refused_on_the_stream(self):
        ref = self.stale_lease()
        completion, failure = dispatch_pb2.Completion(lease=ref), dispatch_pb2.Failure(lease=ref)
        messages = (
            calls.WorkRequest(hello=calls.WorkHello(options=self.options)),
            calls.WorkRequest(
                outcomes=calls.WorkOutcomes(completions=[completion], failures=[failure], releases=[ref])
            ),
            calls.WorkRequest(extend=calls.ExtendLeasesRequest(leases=[ref])),
        )
        answers = {"results": [], "extended": [], "welcome": [None]}
        for response in DISPATCH.Work(iter(messages), timeout=20):
            answers["results"] += response.results.results
            answers["extended"] += response.extended.extensions
        self.assertEqual((len(answers["results"]), len(answers["extended"])), (3, 1))
        for answer in answers["results"] + answers["extended"]:
            self.assert_lease_lost(ref, answer)
        self.assertEqual(get(self.namespace, ref.task_id).status, task_pb2.TASK_STATUS_RUNNING)

    def test_a_request_id_with_the_same_body_returns_the_task_and_with_another_is_refused(self):
        request_id = str(uuid.uuid4())
        task_id = create(self.namespace, "raw", 1, request_id)
        self.assertEqual(create(self.namespace, "raw", 1, request_id), task_id)
        with self.assertRaises(grpc.RpcError) as caught:
            create(self.namespace, "raw", 2, request_id)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.ALREADY_EXISTS)
        info = error_info(rpc_status.from_call(caught.exception).details)
        self.assertEqual((info.reason, dict(info.metadata)), ("REQUEST_ID_REUSED", {"request_id": request_id}))

    def test_a_wait_that_is_over_first_says_so(self):
        task_id = create(self.namespace, "raw", None)
        request = task_service_pb2.WaitTaskRequest(
            namespace=self.namespace, task_id=task_id, timeout=Duration(nanos=300_000_000)
        )
        reply = TASKS.WaitTask(request, timeout=10)
        self.assertFalse(reply.finished)
        self.assertEqual(reply.task.status, task_pb2.TASK_STATUS_PENDING)

    def test_a_wrong_field_is_named(self):
        with self.assertRaises(grpc.RpcError) as caught:
            create(self.namespace, "not a name", None)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        details = rpc_status.from_call(caught.exception).details
        self.assertEqual(error_info(details).reason, "INVALID_FIELD")
        (bad,) = (error_details_pb2.BadRequest.FromString(any.value) for any in details if "BadRequest" in any.type_url)
        self.assertEqual([violation.field for violation in bad.field_violations], ["task.type"])


def main() -> int:
    # Whoever ends the tests early ends their processes too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = unittest.main(exit=False, verbosity=2).result
    finally:
        CHANNEL.close()
        code = SERVER.close()
    failed = len({id(test) for test, _ in result.failures + result.errors})
    passed = result.testsRun - failed
    if code != 0:
        print(f"the server ended with {code}:", *SERVER.process.lines, sep="\n", file=sys.stderr)
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
