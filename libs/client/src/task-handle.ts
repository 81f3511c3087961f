import type { Task } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { decodePayload, OrreryError, type Timers } from '@orrery/rpc';
import { TaskCancelledError, TaskFailedError } from './task-errors.ts';

/** How long to wait, and what ends the wait early. */
export interface WaitOptions {
  /** Default: until the task has ended, however long that takes. */
  readonly timeout?: DurationInput;
  readonly signal?: AbortSignal;
}

/** A task that was created, and what can be done with it. */
export interface TaskHandle<R = unknown> {
  readonly id: string;
  /** True if nothing was created because the task existed already. */
  readonly deduplicated: boolean;
  /** The value that the task returned. Rejects with TaskFailedError, TaskCancelledError, or as `wait` does. */
  result(options?: WaitOptions): Promise<R>;
  /** The task once it has ended, however it ended. Rejects with an OrreryError: DEADLINE_EXCEEDED, TASK_NOT_FOUND. */
  wait(options?: WaitOptions): Promise<Task>;
  /** The task as it is now. */
  get(options?: { readonly signal?: AbortSignal }): Promise<Task>;
  /** Asks for it to be cancelled; see `tasks.cancel`. */
  cancel(options?: { readonly signal?: AbortSignal }): Promise<Task>;
}

/** Waits with a bound; after the timeout the wait is given up with DEADLINE_EXCEEDED. */
export async function waitWithin<T>(
  timers: Timers,
  { timeout, signal }: WaitOptions,
  wait: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeout === undefined) return wait(signal);
  const limit = Duration.from(timeout);
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = timers.after(limit, () => controller.abort(notInTime(limit)));
  try {
    return await wait(controller.signal);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** What a task that has ended returned; throws TaskFailedError, TaskCancelledError or PayloadError. */
export function resultOf(task: Task): unknown {
  if (task.status === 'FAILED') throw new TaskFailedError(task);
  if (task.status === 'CANCELLED') throw new TaskCancelledError(task);
  return decodePayload(task.result);
}

function notInTime(limit: Duration): OrreryError {
  const message = `the task did not end within ${limit.toString()}`;
  return new OrreryError({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_EXCEEDED', message });
}
