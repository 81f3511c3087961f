import { type CreateTasks, needsCount, type QuotaUse, UNUSED_QUOTA, useQuota } from '@orrery/core';
import type { TaskTable } from './task-table.ts';

/** How far the quotas of namespaces are used, by namespace. */
export type QuotaUses = Map<string, QuotaUse>;

/** Takes room for so many more tasks; throws a `Refusal` if the namespace has not got it. */
export function takeRoom(
  table: TaskTable,
  uses: QuotaUses,
  { namespace, quota }: CreateTasks,
  count: number,
  now: Date,
): void {
  if (!quota || count === 0) return;
  let use = uses.get(namespace) ?? UNUSED_QUOTA;
  if (needsCount(quota, use, count, now)) use = { ...use, liveAtMost: countLive(table, namespace), countedAt: now };
  uses.set(namespace, useQuota(namespace, quota, use, count, now));
}

function countLive(table: TaskTable, namespace: string): number {
  let count = 0;
  for (const { task } of table.live()) if (task.namespace === namespace) count += 1;
  return count;
}
