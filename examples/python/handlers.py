"""What the example workers do: plain functions of the params, and how what they return or raise is said to the scheduler."""

import json
import logging
import threading
import traceback

from orrery.dispatch.v1 import dispatch_pb2, dispatch_service_pb2
from orrery.error.v1 import task_error_pb2
from orrery.task.v1 import task_pb2

log = logging.getLogger("worker")


class Cancelled(Exception):
    """The task was cancelled, or its lease is lost: nobody wants the result any more."""


def greet(params, _attempt, _cancelled):
    """Greets; params without a name will never get better, so the error says that a retry is pointless."""
    name = params.get("name") if isinstance(params, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError('"name" must be a non-empty text')
    return {"greeting": f"Hello, {name}!"}


def fetch(params, attempt, _cancelled):
    """Fails the first time with an error that a retry can overcome."""
    if attempt == 1:
        raise ConnectionError(f"{params['url']} does not answer")
    return {"url": params["url"], "attempt": attempt}


def count(params, _attempt, cancelled: threading.Event):
    """Counts ten a second, for as long as somebody wants it to."""
    for _ in range(params["to"]):
        if cancelled.wait(0.1):
            raise Cancelled("told to stop")
    return {"counted": params["to"]}


HANDLERS = {"example.greet": greet, "example.fetch": fetch, "example.count": count}

# (class, error_type, is_retryable); what is not listed is "runtime" and not retryable.
ERRORS = [(ConnectionError, "network", True), (ValueError, "invalid_input", False), (Cancelled, "cancelled", False)]


def run(lease: dispatch_pb2.Lease, cancelled: threading.Event) -> dispatch_service_pb2.WorkOutcomes:
    """Runs one attempt and says what came of it: whatever the handler raises is the attempt's outcome."""
    log.info("%s %s began attempt %d", lease.task_id, lease.type, lease.attempt)
    try:
        result = HANDLERS[lease.type](json.loads(lease.params.data), lease.attempt, cancelled)
        payload = task_pb2.Payload(data=json.dumps(result).encode())
        completion = dispatch_pb2.Completion(lease=ref_of(lease), result=payload)
        return dispatch_service_pb2.WorkOutcomes(completions=[completion])
    except Exception as error:
        failure = dispatch_pb2.Failure(lease=ref_of(lease), error=as_task_error(error))
        return dispatch_service_pb2.WorkOutcomes(failures=[failure])


def ref_of(lease: dispatch_pb2.Lease) -> dispatch_pb2.LeaseRef:
    """What names a lease in everything that is said about it."""
    return dispatch_pb2.LeaseRef(task_id=lease.task_id, lease_token=lease.lease_token)


def must_stop(extension: dispatch_pb2.LeaseExtension) -> bool:
    """Whether the answer to an extension says that nobody wants the attempt's result any more."""
    return extension.cancel_requested or extension.HasField("error")


def as_task_error(error: Exception) -> task_error_pb2.TaskError:
    """An exception as data: the scheduler decides from it whether to retry."""
    kinds = ((error_type, retryable) for kind, error_type, retryable in ERRORS if isinstance(error, kind))
    error_type, retryable = next(kinds, ("runtime", False))
    return task_error_pb2.TaskError(
        error_type=error_type,
        is_retryable=retryable,
        message=str(error),
        exception_type=type(error).__name__,
        traceback="".join(traceback.format_exception(error)),
    )
