import type { Task } from '@orrery/core';
import { TaskError } from '@orrery/task-error';

/** The task ended as FAILED; `error` says why its last attempt did. */
export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';
  readonly task: Task;
  readonly error: TaskError;

  constructor(task: Task) {
    const error = task.error
      ? TaskError.fromData(task.error)
      : new TaskError({ message: 'unknown', errorType: 'unknown' });
    super(`task "${task.id}" failed after ${task.attempt} attempts: ${error.message}`, { cause: error });
    this.task = task;
    this.error = error;
  }
}

/** The task ended as CANCELLED. */
export class TaskCancelledError extends Error {
  override readonly name = 'TaskCancelledError';
  readonly task: Task;

  constructor(task: Task) {
    super(`task "${task.id}" was cancelled`);
    this.task = task;
  }
}
