import type { Span } from './task-reporter.ts';

/** Does something, and says when it began and ended. */
export async function timed<T>(work: () => Promise<T>): Promise<[T, Span]> {
  const startedAt = Date.now();
  const result = await work();
  return [result, { startedAt, endedAt: Date.now() }];
}
