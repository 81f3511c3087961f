"""Creates tasks, waits for them, prints what came of them; then makes a call that is refused and prints why."""

import json
import uuid

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from orrery.task.v1 import task_pb2, task_service_pb2, task_service_pb2_grpc

from connection import NAMESPACE, connect

WORK = [
    ("example.greet", {"name": "Ada"}),
    ("example.fetch", {"url": "https://example.com"}),
    ("example.greet", {"name": 42}),
]

tasks = task_service_pb2_grpc.TaskServiceStub(connect())


def create(type_name: str, params: object, request_id: str) -> task_pb2.Task:
    """The request_id makes it safe to repeat the call, which gRPC does by itself when the server was UNAVAILABLE."""
    spec = task_pb2.TaskSpec(
        type=type_name,
        params=task_pb2.Payload(data=json.dumps(params).encode()),
        retry_policy=task_pb2.RetryPolicy(max_attempts=3, initial_delay=Duration(nanos=200_000_000)),
    )
    request = task_service_pb2.CreateTaskRequest(namespace=NAMESPACE, task=spec, request_id=request_id)
    return tasks.CreateTask(request).task


def wait(task_id: str) -> task_pb2.Task:
    """One call waits for up to 60 s, so waiting for longer means asking again."""
    request = task_service_pb2.WaitTaskRequest(namespace=NAMESPACE, task_id=task_id, timeout=Duration(seconds=20))
    while not (reply := tasks.WaitTask(request)).finished:
        print(f"{task_id} is still {task_pb2.TaskStatus.Name(reply.task.status)}")
    return reply.task


def show(task: task_pb2.Task):
    name = task_pb2.TaskStatus.Name(task.status)
    print(f"{task.type} {name} attempt={task.attempt} result={task.result.data.decode() or '-'}")
    for failed in task.failed_attempts:
        error = failed.error
        print(f"  attempt {failed.attempt}: {error.error_type}, retryable={error.is_retryable}: {error.message}")


def show_refusal(error: grpc.RpcError):
    """Every refusal carries one ErrorInfo: programs decide by its reason, people read the details."""
    print(f"refused: {error.code().name}: {error.details()}")
    for detail in rpc_status.from_call(error).details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            print(f"  reason={info.reason} domain={info.domain} metadata={dict(info.metadata)}")


request_ids = [str(uuid.uuid4()) for _ in WORK]
created = [create(type_name, params, request_id) for (type_name, params), request_id in zip(WORK, request_ids)]
for task in created:
    show(wait(task.id))
try:
    create("example.greet", {"name": "Grace"}, request_ids[0])
except grpc.RpcError as error:
    show_refusal(error)
