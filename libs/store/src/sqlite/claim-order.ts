import type { ClaimStrategy } from '@orrery/core';

/** The order of each strategy. */
export const ORDER: Readonly<Record<ClaimStrategy, string>> = {
  FIFO: 'created_at, id',
  LIFO: 'created_at DESC, id DESC',
  PRIORITY: 'priority DESC, created_at, id',
};

/**
 * The parts of a queue, each with an index of its own, so that a task without a priority, as most are, pays for one. SQLite uses a
 * partial index only where its condition stands in the statement word for word.
 */
export const PARTS: Readonly<Record<ClaimStrategy, readonly string[]>> = {
  FIFO: ['priority = 0', 'priority <> 0'],
  LIFO: ['priority = 0', 'priority <> 0'],
  PRIORITY: ['priority <> 0 AND priority > 0', 'priority = 0', 'priority <> 0 AND priority < 0'],
};
