import type { Labels, Payload, Task, TaskStatus } from '@orrery/core';
import { readFailedAttempts, readProgress, readTaskError } from './task-json.ts';
import { readTaskOptions } from './task-options.ts';

/** A row of `task` or `finished_task` as every dialect's statements give it: instants in ms since 1970, JSON as text. */
export interface TaskRow {
  readonly namespace: string;
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly params: Uint8Array;
  readonly params_type: string;
  readonly priority: number;
  readonly flow_key: string | null;
  readonly options: string | null;
  readonly labels: string | null;
  readonly correlation_id: string;
  readonly traceparent: string;
  readonly parent_task_id: string;
  readonly status: string;
  readonly run_at: number;
  readonly attempt: number;
  readonly max_attempts: number;
  readonly worker_id: string;
  readonly lease_token: string | null;
  readonly lease_expires_at: number | null;
  readonly cancel_requested_at: number | null;
  readonly progress: string | null;
  readonly heartbeat_at: number | null;
  readonly result: Uint8Array | null;
  readonly result_type: string | null;
  readonly error: string | null;
  readonly failed_attempts: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly revision: number;
}

/** The columns that `task` and `finished_task` share, in the order of the tables. */
export const TASK_COLUMNS = [
  'namespace',
  'id',
  'queue',
  'type',
  'params',
  'params_type',
  'priority',
  'flow_key',
  'options',
  'labels',
  'correlation_id',
  'traceparent',
  'parent_task_id',
  'status',
  'run_at',
  'attempt',
  'max_attempts',
  'worker_id',
  'lease_token',
  'lease_expires_at',
  'cancel_requested_at',
  'progress',
  'heartbeat_at',
  'result',
  'result_type',
  'error',
  'failed_attempts',
  'created_at',
  'updated_at',
  'started_at',
  'finished_at',
  'revision',
] as const satisfies readonly (keyof TaskRow)[];

/** The task that a row tells of. */
export function toTask(row: TaskRow): Task {
  return {
    namespace: row.namespace,
    id: row.id,
    queue: row.queue,
    type: row.type,
    params: { data: row.params, contentType: row.params_type },
    priority: row.priority,
    flowKey: row.flow_key ?? '',
    ...readTaskOptions(row.options),
    labels: row.labels === null ? {} : (JSON.parse(row.labels) as Labels),
    correlationId: row.correlation_id,
    traceparent: row.traceparent,
    parentTaskId: row.parent_task_id,
    status: row.status as TaskStatus,
    runAt: new Date(row.run_at),
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    workerId: row.worker_id,
    leaseToken: row.lease_token,
    leaseExpiresAt: instant(row.lease_expires_at),
    cancelRequestedAt: instant(row.cancel_requested_at),
    progress: readProgress(row.progress),
    heartbeatAt: instant(row.heartbeat_at),
    result: resultOf(row),
    error: row.error === null ? null : readTaskError(JSON.parse(row.error)),
    failedAttempts: row.failed_attempts === null ? [] : readFailedAttempts(row.failed_attempts),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    startedAt: instant(row.started_at),
    finishedAt: instant(row.finished_at),
    revision: row.revision,
  };
}

function instant(millis: number | null): Date | null {
  return millis === null ? null : new Date(millis);
}

function resultOf(row: TaskRow): Payload | null {
  return row.result === null ? null : { data: row.result, contentType: row.result_type ?? '' };
}
