import type { ClaimStrategy } from '@orrery/core';

/** The order of each strategy. */
export const ORDER: Readonly<Record<ClaimStrategy, string>> = {
  FIFO: 'created_at, id',
  LIFO: 'created_at desc, id desc',
  PRIORITY: 'priority desc, created_at, id',
};

/** Tasks without a priority. */
export const PLAIN = 'priority = 0';

/**
 * The parts of a queue, each with an index of its own in its own order, so that a task without a priority, as most are, pays for
 * one index. By PRIORITY each part comes after the one before, and is read only as far as that one did not suffice.
 */
export const PARTS: Readonly<Record<ClaimStrategy, readonly string[]>> = {
  FIFO: [PLAIN, 'priority <> 0'],
  LIFO: [PLAIN, 'priority <> 0'],
  PRIORITY: ['priority <> 0 and priority > 0', PLAIN, 'priority <> 0 and priority < 0'],
};
