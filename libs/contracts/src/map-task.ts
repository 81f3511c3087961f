import {
  DEFAULT_CONTENT_TYPE,
  type FailedAttempt,
  type Payload,
  type Task,
  type TaskProgress,
  type TaskStatus,
} from '@orrery/core';
import { TaskStatus as Status, TaskView as View } from './generated/orrery/task/v1/task.ts';
import { invalidField } from './invalid-field.ts';
import { payloadFromProto, payloadToProto } from './map-payload.ts';
import { retryPolicyFromProto, retryPolicyToProto } from './map-retry-policy.ts';
import { taskErrorFromProto, taskErrorToProto } from './map-task-error.ts';
import { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';
import type * as taskv1 from './task-v1.ts';

const NO_PAYLOAD: Payload = Object.freeze({ data: new Uint8Array(0), contentType: DEFAULT_CONTENT_TYPE });

/** Reads how much of a task is wanted; refuses an unknown view with INVALID_FIELD. */
export function viewFromProto(view: View, fallback: 'BASIC' | 'FULL', field = 'view'): 'BASIC' | 'FULL' {
  switch (view) {
    case View.UNSPECIFIED:
      return fallback;
    case View.BASIC:
      return 'BASIC';
    case View.FULL:
      return 'FULL';
    default:
      throw invalidField(field, `${view} is not a view`);
  }
}

/** A task as the wire carries it. BASIC leaves out params, result and failed attempts. The lease token is never told. */
export function taskToProto(task: Task, view: 'BASIC' | 'FULL'): taskv1.Task {
  const full = view === 'FULL';
  return {
    id: task.id,
    namespace: task.namespace,
    queue: task.queue,
    type: task.type,
    params: full ? payloadToProto(task.params) : undefined,
    priority: task.priority,
    flowKey: task.flowKey,
    status: Status[task.status],
    runTime: task.runAt,
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    retryPolicy: retryPolicyToProto(task.retryPolicy),
    runTimeout: task.runTimeout === null ? undefined : durationToProto(task.runTimeout),
    result: full && task.result !== null ? payloadToProto(task.result) : undefined,
    error: task.error === null ? undefined : taskErrorToProto(task.error),
    labels: task.labels,
    correlationId: task.correlationId,
    traceparent: task.traceparent,
    parentTaskId: task.parentTaskId,
    workerId: task.workerId,
    leaseExpireTime: task.leaseExpiresAt ?? undefined,
    cancelRequestTime: task.cancelRequestedAt ?? undefined,
    createTime: task.createdAt,
    updateTime: task.updatedAt,
    startTime: task.startedAt ?? undefined,
    finishTime: task.finishedAt ?? undefined,
    failedAttempts: full ? task.failedAttempts.map(failedAttemptToProto) : [],
    revision: BigInt(task.revision),
    scheduleId: task.scheduleId ?? '',
    progressPercent: task.progress?.percent ?? undefined,
    progressMessage: task.progress?.message ?? '',
    queueTimeout: task.queueTimeout === null ? undefined : durationToProto(task.queueTimeout),
    heartbeatTimeout: task.heartbeatTimeout === null ? undefined : durationToProto(task.heartbeatTimeout),
    dedupKey: task.dedupKey,
    typeVersion: task.typeVersion,
    retention: task.retention && durationToProto(task.retention),
  };
}

/**
 * Reads a task as a server tells of it. The lease token and the last heartbeat are always null; params that were left out (BASIC) are empty. Refuses with
 * INVALID_FIELD what no server would say.
 */
export function taskFromProto(task: taskv1.Task, field = 'task'): Task {
  return {
    id: task.id,
    namespace: task.namespace,
    queue: task.queue,
    type: task.type,
    params: payloadFromProto(task.params) ?? NO_PAYLOAD,
    priority: task.priority,
    flowKey: task.flowKey,
    status: statusFromProto(task.status, `${field}.status`),
    runAt: requiredTime(task.runTime, `${field}.run_time`),
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    retryPolicy: retryPolicyFromProto(task.retryPolicy, `${field}.retry_policy`),
    runTimeout: durationFromProto(task.runTimeout, `${field}.run_timeout`),
    queueTimeout: durationFromProto(task.queueTimeout, `${field}.queue_timeout`),
    heartbeatTimeout: durationFromProto(task.heartbeatTimeout, `${field}.heartbeat_timeout`),
    result: payloadFromProto(task.result),
    error: task.error ? taskErrorFromProto(task.error, `${field}.error`) : null,
    labels: task.labels,
    correlationId: task.correlationId,
    traceparent: task.traceparent,
    parentTaskId: task.parentTaskId,
    dedupKey: task.dedupKey,
    typeVersion: task.typeVersion,
    workerId: task.workerId,
    leaseToken: null,
    leaseExpiresAt: timeFromProto(task.leaseExpireTime, `${field}.lease_expire_time`),
    progress: progressFromProto(task.progressPercent, task.progressMessage),
    heartbeatAt: null,
    cancelRequestedAt: timeFromProto(task.cancelRequestTime, `${field}.cancel_request_time`),
    createdAt: requiredTime(task.createTime, `${field}.create_time`),
    updatedAt: requiredTime(task.updateTime, `${field}.update_time`),
    startedAt: timeFromProto(task.startTime, `${field}.start_time`),
    finishedAt: timeFromProto(task.finishTime, `${field}.finish_time`),
    failedAttempts: task.failedAttempts.map((attempt, index) =>
      failedAttemptFromProto(attempt, `${field}.failed_attempts[${index}]`),
    ),
    revision: Number(task.revision),
    ...(task.scheduleId !== '' && { scheduleId: task.scheduleId }),
    ...(task.retention && { retention: durationFromProto(task.retention, `${field}.retention`) }),
  };
}

/** Reads how far a task is; null: nothing is said. */
export function progressFromProto(percent: number | undefined, message: string): TaskProgress | null {
  return percent === undefined && message === '' ? null : { percent: percent ?? null, message };
}

/** A task's status as the wire carries it. */
export function statusToProto(status: TaskStatus): Status {
  return Status[status];
}

/** Reads a task's status; refuses an unknown or unset one with INVALID_FIELD. */
export function statusFromProto(status: Status, field: string): TaskStatus {
  switch (status) {
    case Status.PENDING:
      return 'PENDING';
    case Status.RUNNING:
      return 'RUNNING';
    case Status.SUCCEEDED:
      return 'SUCCEEDED';
    case Status.FAILED:
      return 'FAILED';
    case Status.CANCELLED:
      return 'CANCELLED';
    default:
      throw invalidField(field, `${status} is not a task status`);
  }
}

function failedAttemptToProto(failed: FailedAttempt): taskv1.FailedAttempt {
  return {
    attempt: failed.attempt,
    workerId: failed.workerId,
    startTime: failed.startedAt,
    finishTime: failed.finishedAt,
    error: taskErrorToProto(failed.error),
  };
}

function failedAttemptFromProto(failed: taskv1.FailedAttempt, field: string): FailedAttempt {
  if (!failed.error) throw invalidField(`${field}.error`, 'must be set');
  return {
    attempt: failed.attempt,
    workerId: failed.workerId,
    startedAt: requiredTime(failed.startTime, `${field}.start_time`),
    finishedAt: requiredTime(failed.finishTime, `${field}.finish_time`),
    error: taskErrorFromProto(failed.error, `${field}.error`),
  };
}

function requiredTime(time: Date | undefined, field: string): Date {
  if (!time) throw invalidField(field, 'must be set');
  return timeFromProto(time, field);
}
