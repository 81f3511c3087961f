import type { FailedAttempt, Labels, TaskProgress } from '@orrery/core';
import { TaskError, type TaskErrorData } from '@orrery/task-error';

/** The column `labels`. */
export function writeLabels(labels: Labels): string | null {
  for (const _ in labels) return JSON.stringify(labels);
  return null;
}

/** The column `error`, and the field `error` of a failed attempt. */
export function writeTaskError(error: TaskErrorData): string {
  return JSON.stringify(TaskError.fromData(error));
}

/** Reads what `writeTaskError` wrote, parsed. */
export function readTaskError(json: unknown): TaskErrorData {
  return TaskError.fromJSON(json).toData();
}

/** One item of the column `failed_attempts`; instants in ms since 1970. */
interface FailedAttemptJson {
  readonly attempt: number;
  readonly worker_id: string;
  readonly started_at: number;
  readonly finished_at: number;
  readonly error: unknown;
}

/** Reads the column `failed_attempts`. */
export function readFailedAttempts(json: string): readonly FailedAttempt[] {
  return (JSON.parse(json) as readonly FailedAttemptJson[]).map((item) => ({
    attempt: item.attempt,
    workerId: item.worker_id,
    startedAt: new Date(item.started_at),
    finishedAt: new Date(item.finished_at),
    error: readTaskError(item.error),
  }));
}

/** The column `failed_attempts`. */
export function writeFailedAttempts(attempts: readonly FailedAttempt[]): string | null {
  if (attempts.length === 0) return null;
  const items = attempts.map((attempt): FailedAttemptJson => ({
    attempt: attempt.attempt,
    worker_id: attempt.workerId,
    started_at: attempt.startedAt.getTime(),
    finished_at: attempt.finishedAt.getTime(),
    error: TaskError.fromData(attempt.error),
  }));
  return JSON.stringify(items);
}

/** How far a task is, in the column `progress` and in events: [percent or null, message]. */
export function progressJson({ percent, message }: TaskProgress): readonly [number | null, string] {
  return [percent, message];
}

/** The column `progress`. */
export function writeProgress(progress: TaskProgress | null): string | null {
  return progress && JSON.stringify(progressJson(progress));
}

/** Reads what `progressJson` made. */
export function toProgress(json: unknown): TaskProgress {
  const [percent, message] = json as readonly [number | null, string];
  return { percent, message };
}

/** Reads the column `progress`. */
export function readProgress(text: string | null): TaskProgress | null {
  return text === null ? null : toProgress(JSON.parse(text));
}
