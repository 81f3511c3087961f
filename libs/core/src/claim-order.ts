import type { Task } from './task.ts';

/** Which of the due tasks come first. */
export const CLAIM_STRATEGIES = ['FIFO', 'LIFO', 'PRIORITY'] as const;

/** Which of the due tasks come first. */
export type ClaimStrategy = (typeof CLAIM_STRATEGIES)[number];

/** What the order of claims looks at. */
type Ordered = Pick<Task, 'id' | 'priority' | 'createdAt'>;

/**
 * The order in which due tasks are claimed. FIFO: oldest first, ties by id ascending. LIFO: the exact reverse. PRIORITY: highest
 * priority first, then as FIFO. Among tasks with different keys it is `takeTurns` that decides.
 */
export function claimOrder(strategy: ClaimStrategy): (a: Ordered, b: Ordered) => number {
  switch (strategy) {
    case 'FIFO':
      return oldestFirst;
    case 'LIFO':
      return (a, b) => oldestFirst(b, a);
    case 'PRIORITY':
      return (a, b) => b.priority - a.priority || oldestFirst(a, b);
  }
}

function oldestFirst(a: Ordered, b: Ordered): number {
  return a.createdAt.getTime() - b.createdAt.getTime() || compareIds(a.id, b.id);
}

/** Orders ids by their bytes, as the databases do. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a type is among the wanted ones; a name that ends in ".*" stands for every type below it; none wanted: all are. */
export function matchesTypes(wanted: readonly string[], type: string): boolean {
  if (wanted.length === 0) return true;
  return wanted.some((name) => (name.endsWith('.*') ? type.startsWith(name.slice(0, -1)) : name === type));
}
