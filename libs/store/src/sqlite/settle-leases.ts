import { leaseLost, Refusal, type Change, type LeaseOutcome, type LeaseRef, type Task } from '@orrery/core';
import { findTask } from './find-task.ts';
import { keepChange } from './keep-change.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

/** Ends leases one after the other, each as is decided from how its task stands; null: accepted, but nothing changes. */
export function settleLeases<T extends { readonly lease: LeaseRef }>(
  tx: SqliteTransaction,
  namespace: string,
  items: readonly T[],
  decide: (item: T, task: Task, now: Date) => Change | null,
): LeaseOutcome[] {
  return items.map((item) => {
    const { taskId } = item.lease;
    const task = findTask(tx.db, { namespace, id: taskId });
    if (!task) return refused(taskId, leaseLost(taskId));
    try {
      const change = decide(item, task, tx.now);
      if (change) keepChange(tx, task, change);
      return { taskId, status: (change?.task ?? task).status, refusal: null };
    } catch (error) {
      if (error instanceof Refusal) return refused(taskId, error);
      throw error;
    }
  });
}

/** The answer to a worker whose report is refused. */
export function refused(taskId: string, refusal: Refusal): LeaseOutcome {
  return { taskId, status: null, refusal };
}
