import type { Duration } from '@orrery/duration';

/** Why a request is refused; the wire's `google.rpc.ErrorInfo.reason`. proto/orrery/error/v1/error_reason.proto explains each. */
export type RefusalReason =
  | 'INVALID_FIELD'
  | 'INVALID_PAGE_TOKEN'
  | 'PAYLOAD_TOO_LARGE'
  | 'TASK_NOT_FOUND'
  | 'TASK_ALREADY_EXISTS'
  | 'REQUEST_ID_REUSED'
  | 'ILLEGAL_TRANSITION'
  | 'LEASE_LOST'
  | 'TASK_CANCELLED'
  | 'WORKER_NOT_FOUND'
  | 'PROTOCOL_VIOLATION'
  | 'SHUTTING_DOWN'
  | 'STORE_UNAVAILABLE'
  | 'SERVICE_UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL'
  | 'DEDUP_KEY_TAKEN'
  | 'TASK_TYPE_NOT_FOUND'
  | 'TASK_TYPE_INACTIVE'
  | 'NAMESPACE_NOT_FOUND'
  | 'NAMESPACE_CLOSED'
  | 'QUOTA_EXCEEDED'
  | 'FLOW_LIMIT_NOT_FOUND'
  | 'CURSOR_NOT_FOUND'
  | 'CURSOR_IN_USE'
  | 'SCHEDULE_NOT_FOUND'
  | 'SCHEDULE_ALREADY_EXISTS'
  | 'SCHEDULE_BUSY';

/** One wrong field of a request, named as on the wire, e.g. `task.labels["x"]`. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** A request was understood and is refused; nothing was changed. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: RefusalReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly FieldViolation[];
  /** When another try may be worth it, where that is known; null: it is not, or the reason's own answer holds. */
  readonly retryAfter: Duration | null;

  constructor(
    reason: RefusalReason,
    message: string,
    metadata: Readonly<Record<string, string>> = {},
    violations: readonly FieldViolation[] = [],
    retryAfter: Duration | null = null,
  ) {
    super(message);
    this.reason = reason;
    this.metadata = metadata;
    this.violations = violations;
    this.retryAfter = retryAfter;
  }
}

/** The request's fields are wrong; every problem is named at once. */
export function invalidFields(violations: readonly FieldViolation[]): Refusal {
  const text = violations.map((violation) => `${violation.field}: ${violation.description}`).join('; ');
  return new Refusal('INVALID_FIELD', text, { field: violations[0]?.field ?? '' }, violations);
}

/** There is no such task in the namespace. */
export function taskNotFound(namespace: string, taskId: string): Refusal {
  return new Refusal('TASK_NOT_FOUND', `no task "${taskId}" in namespace "${namespace}"`, {
    namespace,
    task_id: taskId,
  });
}

/** There is no limit of this name in the namespace. */
export function flowLimitNotFound(namespace: string, name: string): Refusal {
  return new Refusal('FLOW_LIMIT_NOT_FOUND', `no flow limit "${name}" in namespace "${namespace}"`, {
    namespace,
    name,
  });
}

/** Another task of the namespace, an ended one perhaps, has the id that the caller chose. */
export function taskAlreadyExists(namespace: string, taskId: string): Refusal {
  return new Refusal('TASK_ALREADY_EXISTS', `there is a task "${taskId}" in namespace "${namespace}" already`, {
    namespace,
    task_id: taskId,
  });
}

/** The request id was used before, for another request. */
export function requestIdReused(requestId: string): Refusal {
  return new Refusal('REQUEST_ID_REUSED', `request id "${requestId}" was used before with another body`, {
    request_id: requestId,
  });
}

/** The task cannot be active again: another one that is has its dedup key. */
export function dedupKeyTaken(taskId: string, dedupKey: string, holderId: string): Refusal {
  return new Refusal('DEDUP_KEY_TAKEN', `task "${holderId}" has the dedup key of task "${taskId}" and is active`, {
    task_id: taskId,
    dedup_key: dedupKey,
    holder_task_id: holderId,
  });
}

/** No such type is registered in the namespace, or not in this version (0: any). */
export function taskTypeNotFound(namespace: string, type: string, version: number): Refusal {
  const what = version === 0 ? `type "${type}"` : `version ${version} of type "${type}"`;
  const metadata = { namespace, type, version: String(version) };
  return new Refusal('TASK_TYPE_NOT_FOUND', `no ${what} is registered in namespace "${namespace}"`, metadata);
}

/** The type was deactivated in this version (0: in every one). */
export function taskTypeInactive(namespace: string, type: string, version: number): Refusal {
  const what = version === 0 ? `type "${type}"` : `version ${version} of type "${type}"`;
  const metadata = { namespace, type, version: String(version) };
  return new Refusal('TASK_TYPE_INACTIVE', `${what} was deactivated in namespace "${namespace}"`, metadata);
}

/** Nothing was said about this namespace. */
export function namespaceNotFound(namespace: string): Refusal {
  return new Refusal('NAMESPACE_NOT_FOUND', `namespace "${namespace}" was not set`, { namespace });
}

/** The namespace takes nothing new. */
export function namespaceClosed(namespace: string): Refusal {
  return new Refusal('NAMESPACE_CLOSED', `namespace "${namespace}" is closed: it takes no new tasks and schedules`, {
    namespace,
  });
}

/** The namespace has no room for all of the new tasks, only for the first `room` of them. */
export function quotaExceeded(what: {
  readonly namespace: string;
  readonly quota: 'max_live_tasks' | 'create_rate';
  readonly limit: string;
  readonly room: number;
  readonly retryAfter: Duration | null;
}): Refusal {
  const { namespace, quota, limit, room, retryAfter } = what;
  const message = `namespace "${namespace}" has room for ${room} more tasks: its ${quota} is ${limit}`;
  return new Refusal('QUOTA_EXCEEDED', message, { namespace, quota, limit, room: String(room) }, [], retryAfter);
}

/** The lease token is not the task's current one. */
export function leaseLost(taskId: string): Refusal {
  return new Refusal('LEASE_LOST', `the lease on task "${taskId}" is no longer held`, { task_id: taskId });
}

/** The task's status does not allow the change. */
export function illegalTransition(taskId: string, from: string, to: string): Refusal {
  return new Refusal('ILLEGAL_TRANSITION', `task "${taskId}" is ${from} and cannot become ${to}`, {
    task_id: taskId,
    from,
    to,
  });
}

/** What a decision comes to; null also if it is refused. For changes of many, where what is not legal is left as it is. */
export function unlessRefused<T>(decide: () => T | null): T | null {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** There is no such schedule in the namespace. */
export function scheduleNotFound(namespace: string, scheduleId: string): Refusal {
  return new Refusal('SCHEDULE_NOT_FOUND', `no schedule "${scheduleId}" in namespace "${namespace}"`, {
    namespace,
    schedule_id: scheduleId,
  });
}

/** Another schedule of the namespace has the id that the caller chose. */
export function scheduleAlreadyExists(namespace: string, scheduleId: string): Refusal {
  return new Refusal(
    'SCHEDULE_ALREADY_EXISTS',
    `there is a schedule "${scheduleId}" in namespace "${namespace}" already`,
    {
      namespace,
      schedule_id: scheduleId,
    },
  );
}

/** The schedule leaves out what overlaps, and a task of its has not ended. */
export function scheduleBusy(scheduleId: string, taskId: string): Refusal {
  return new Refusal(
    'SCHEDULE_BUSY',
    `schedule "${scheduleId}" skips what overlaps, and task "${taskId}" has not ended`,
    {
      schedule_id: scheduleId,
      task_id: taskId,
    },
  );
}
