import type { TaskOptions } from '@orrery/client';
import type { RetryInput } from '@orrery/core';

/** What may be decided about a task when it is put into a queue; the queue itself is the one it is put into. */
export interface EnqueueOptions extends Omit<TaskOptions, 'queue'> {
  /** How often the task is tried again after the first attempt; the older form of `retry.maxAttempts`, which is one more. */
  readonly maxRetries?: number;
}

/** The same in the client's terms; throws a RangeError if it says twice how often to try. */
export function toTaskOptions({ maxRetries, ...options }: EnqueueOptions, queue: string): TaskOptions {
  if (maxRetries === undefined) return { ...options, queue };
  if (!Number.isInteger(maxRetries) || maxRetries < 0) {
    throw new RangeError(`maxRetries ${maxRetries} is not a whole number from 0`);
  }
  return { ...options, queue, retry: withRetries(options.retry, maxRetries) };
}

function withRetries(retry: RetryInput | undefined, maxRetries: number): RetryInput {
  if (typeof retry === 'string' || retry?.maxAttempts !== undefined) {
    throw new RangeError('only one of maxRetries and a number of attempts in retry may be given');
  }
  return { ...retry, maxAttempts: maxRetries + 1 };
}
