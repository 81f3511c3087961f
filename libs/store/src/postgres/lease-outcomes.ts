import { leaseLost, type LeaseOutcome, type LeaseRef } from '@orrery/core';

/** An item of a batch that speaks of a lease. */
interface OfLease {
  readonly lease: LeaseRef;
}

/** A task that a statement changed. */
export interface ChangedLease {
  readonly id: string;
  readonly lease_token: string;
}

/** Names one lease of one task. */
export function leaseKey(taskId: string, token: string): string {
  return `${taskId} ${token}`;
}

/**
 * The batch without repetitions, the first of each kept, and by id: every statement locks its rows in the same order, so that no
 * two wait for each other.
 */
export function distinctLeases<T extends OfLease>(items: readonly T[]): T[] {
  const first = new Map<string, T>();
  for (const item of items) {
    const key = leaseKey(item.lease.taskId, item.lease.token);
    if (!first.has(key)) first.set(key, item);
  }
  return [...first.values()].sort((a, b) => (a.lease.taskId < b.lease.taskId ? -1 : 1));
}

/** Answers a batch in its order: an item's lease was changed, once, or it was lost. */
export function answerOnce<T extends OfLease, C extends ChangedLease>(
  items: readonly T[],
  changed: readonly C[],
  answer: (taskId: string, row: C) => LeaseOutcome,
): readonly LeaseOutcome[] {
  const rows = new Map(changed.map((row) => [leaseKey(row.id, row.lease_token), row]));
  return items.map(({ lease: { taskId, token } }) => {
    const key = leaseKey(taskId, token);
    const row = rows.get(key);
    // After the first, a repetition no longer has the lease.
    rows.delete(key);
    return row ? answer(taskId, row) : { taskId, status: null, refusal: leaseLost(taskId) };
  });
}
