import { isTerminal, startBy, type FailedAttempt, type Task } from '@orrery/core';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import { writeProgress, writeTaskError } from '../task-json.ts';

/** The columns that make a task, to select; `t` is its table. */
export const SELECTED = TASK_COLUMNS.map((column) => `t.${column}`).join(', ');

const NO_ROW: Readonly<Record<string, SQLOutputValue>> = Object.fromEntries(
  TASK_COLUMNS.map((column) => [column, null]),
);

/**
 * The task of a row that was read as a list of `SELECTED`; columns after those are not looked at. By way of node:sqlite's own
 * objects, which are slow to make and to read, it takes 5.2 µs, so 2.6 µs. The copied row has its fields from the start, which
 * saves another 1 µs.
 */
export function readTask(values: readonly SQLOutputValue[]): Task {
  const row = { ...NO_ROW };
  TASK_COLUMNS.forEach((column, index) => (row[column] = values[index] ?? null));
  return toTask(row as unknown as TaskRow);
}

/** The columns that a change of a task may touch. */
export const CHANGING = [
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
  'updated_at',
  'started_at',
  'finished_at',
  'revision',
] as const satisfies readonly (typeof TASK_COLUMNS)[number][];

/** The values of `CHANGING`. */
export function changingValues(task: Task): SQLInputValue[] {
  return [
    task.status,
    task.runAt.getTime(),
    task.attempt,
    task.maxAttempts,
    task.workerId,
    task.leaseToken,
    millis(task.leaseExpiresAt),
    millis(task.cancelRequestedAt),
    writeProgress(task.progress),
    millis(task.heartbeatAt),
    task.result?.data ?? null,
    task.result?.contentType ?? null,
    task.error && writeTaskError(task.error),
    writeFailedAttempts(task.failedAttempts),
    task.updatedAt.getTime(),
    millis(task.startedAt),
    millis(task.finishedAt),
    task.revision,
  ];
}

/** The table that a task belongs to. */
export function tableOf(task: Task): 'task' | 'finished_task' {
  return isTerminal(task.status) ? 'finished_task' : 'task';
}

/** The column `ready` of a live task, as 0 or 1. */
export function readyFlag(task: Task, now: Date): 0 | 1 {
  return task.status === 'PENDING' && task.runAt <= now ? 1 : 0;
}

/** The column `start_by` of a live task. */
export function startByValue(task: Task): number | null {
  return task.queueTimeout && millis(startBy(task));
}

function millis(instant: Date | null): number | null {
  return instant === null ? null : instant.getTime();
}

function writeFailedAttempts(attempts: readonly FailedAttempt[]): string | null {
  if (attempts.length === 0) return null;
  const items = attempts.map(({ attempt, workerId, startedAt, finishedAt, error }) => {
    const known = { attempt, worker_id: workerId, started_at: startedAt.getTime(), finished_at: finishedAt.getTime() };
    // The error has its own JSON form, which is put in as it is.
    return `${JSON.stringify(known).slice(0, -1)},"error":${writeTaskError(error)}}`;
  });
  return `[${items.join(',')}]`;
}
