import { monotonicMs } from '../monotonic.ts';

/** How many a second: runs it and divides. */
export async function rateOf(count: number, run: () => Promise<void> | void): Promise<number> {
  const startedAt = monotonicMs();
  await run();
  return (count * 1000) / (monotonicMs() - startedAt);
}

/** The rate of three steps one after the other. */
export function inSequence(rates: readonly number[]): number {
  return 1 / rates.reduce((sum, rate) => sum + 1 / rate, 0);
}

/** The batch sizes that floors are measured with, and how many jobs each is given in a full run. */
export const BATCHES: readonly { readonly batch: number; readonly jobs: number }[] = [
  { batch: 1, jobs: 5_000 },
  { batch: 10, jobs: 30_000 },
  { batch: 100, jobs: 100_000 },
  { batch: 500, jobs: 100_000 },
];

/** The number of jobs at a scale: whole batches, at least one. */
export function wholeBatches(jobs: number, batch: number, scale: number): number {
  return Math.max(1, Math.round((jobs * scale) / batch)) * batch;
}
