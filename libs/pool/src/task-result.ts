import type { Task, TaskStatus } from '@orrery/core';
import { decodePayload } from '@orrery/rpc';
import { getErrorMessage } from '@orrery/task-error';

/** What came of a task that has ended. */
export interface TaskResult<R = unknown> {
  readonly taskId: string;
  readonly status: Extract<TaskStatus, 'SUCCEEDED' | 'FAILED' | 'CANCELLED'>;
  /** What the handler returned; undefined unless the task has succeeded. */
  readonly result: R | undefined;
  /** Why it has not succeeded, in a sentence; null if it has. The task itself has the whole TaskError. */
  readonly error: string | null;
  readonly finishedAt: Date;
  readonly attempts: number;
  /** When the last attempt began; null: none ever did. */
  readonly lastAttemptAt: Date | null;
}

/** What came of a task; null while it has not ended. Throws a PayloadError for a broken result. */
export function toTaskResult<R>(task: Task): TaskResult<R> | null {
  const { id, status, attempt, startedAt, finishedAt } = task;
  if (status === 'PENDING' || status === 'RUNNING' || !finishedAt) return null;
  return {
    taskId: id,
    status,
    result: status === 'SUCCEEDED' ? (decodePayload(task.result) as R) : undefined,
    error: status === 'SUCCEEDED' ? null : (getErrorMessage(task) ?? 'the task was cancelled'),
    finishedAt,
    attempts: attempt,
    lastAttemptAt: startedAt,
  };
}
