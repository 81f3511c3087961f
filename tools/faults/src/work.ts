import { setTimeout as pause } from 'node:timers/promises';
import { TaskError } from '@orrery/task-error';

/** What the tasks of the load ask of a worker. */
export interface Work {
  /** How long it takes. */
  readonly ms: number;
  /** How many attempts fail before one succeeds. */
  readonly failures?: number;
}

/** Does one attempt of the work; throws a TaskError if it is to fail, or the signal's reason. */
export async function doWork(work: Work, attempt: number, signal?: AbortSignal): Promise<{ readonly attempt: number }> {
  if (work.ms > 0) await pause(work.ms, undefined, signal && { signal });
  if (attempt <= (work.failures ?? 0)) throw new TaskError({ errorType: 'network', message: 'fails, as asked' });
  return { attempt };
}
