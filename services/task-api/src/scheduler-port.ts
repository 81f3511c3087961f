import type { Task, TaskKey } from '@orrery/core';

/** What the front door asks of the scheduler, in this process or another. */
export interface SchedulerPort {
  /**
   * Hints at new work, at tasks with a time to come (`scheduled`), at running tasks that were asked to be cancelled, or at schedules that
   * changed. Never fails and never waits: polling is the fallback.
   */
  wake(hint: {
    readonly queues?: readonly { readonly namespace: string; readonly queue: string }[];
    readonly scheduled?: boolean;
    readonly cancels?: readonly TaskKey[];
    readonly schedules?: boolean;
  }): void;

  /**
   * Lets waiting workers claim ahead of a commit, where the scheduler is in this process: with a store that shares transactions the
   * claim then needs no commit of its own.
   */
  offer?(queues: readonly { readonly namespace: string; readonly queue: string }[]): void;

  /** Sets a FAILED task PENDING again. */
  retryTask(key: TaskKey): Promise<Task>;

  /** Sets those of up to 1,000 tasks PENDING again that are FAILED; answers their ids. */
  retryTasks(namespace: string, ids: readonly string[]): Promise<readonly string[]>;

  /** Sets the time of a PENDING task. */
  rescheduleTask(key: TaskKey, runAt: Date): Promise<Task>;
}
