import {
  leaseLost,
  Refusal,
  type Change,
  type LeaseOutcome,
  type LeaseRef,
  type Task,
  type TaskEvent,
} from '@orrery/core';
import type { TaskTable } from './task-table.ts';

/**
 * Decides about each lease in order, and keeps what is not refused. A decision of null accepts without a change; one that throws a
 * `Refusal` refuses that lease alone.
 */
export function settleLeases<T extends { readonly lease: LeaseRef }>(
  table: TaskTable,
  namespace: string,
  items: readonly T[],
  decide: (item: T, task: Task, now: Date) => Change | null,
  now: Date,
): { readonly outcomes: readonly LeaseOutcome[]; readonly events: readonly TaskEvent[] } {
  const events: TaskEvent[] = [];
  const outcomes = items.map((item): LeaseOutcome => {
    const { taskId } = item.lease;
    const task = table.get({ namespace, id: taskId })?.task;
    if (!task) return refusedLease(taskId, leaseLost(taskId));
    try {
      const change = decide(item, task, now);
      if (!change) return { taskId, status: task.status, refusal: null };
      table.keep(change.task, now);
      events.push(change.event);
      return { taskId, status: change.task.status, refusal: null };
    } catch (error) {
      if (error instanceof Refusal) return refusedLease(taskId, error);
      throw error;
    }
  });
  return { outcomes, events };
}

/** What comes of a lease about which something was refused. */
export function refusedLease(taskId: string, refusal: Refusal): LeaseOutcome {
  return { taskId, status: null, refusal };
}
