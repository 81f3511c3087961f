import { type CreateTasks, needsCount, UNUSED_QUOTA, useQuota } from '@orrery/core';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const FIND = 'SELECT live_at_most, counted_at, rate_full_at FROM quota_use WHERE namespace = ?';
const COUNT = 'SELECT count(*) AS count FROM (SELECT 1 FROM task WHERE namespace = ? LIMIT ?)';
const KEEP = 'REPLACE INTO quota_use (namespace, live_at_most, counted_at, rate_full_at) VALUES (?, ?, ?, ?)';

/** Takes room for so many tasks, which were inserted just now; throws a `Refusal` if the namespace has not got it. */
export function takeRoom({ db, now }: SqliteTransaction, { namespace, quota }: CreateTasks, count: number): void {
  if (!quota || count === 0) return;
  let use = find(db, namespace);
  if (needsCount(quota, use, count, now)) {
    const counted = db.get<{ readonly count: number }>(COUNT, namespace, (quota.maxLiveTasks ?? 0) + count);
    use = { ...use, liveAtMost: (counted?.count ?? 0) - count, countedAt: now };
  }
  const { liveAtMost, countedAt, rateFullAt } = useQuota(namespace, quota, use, count, now);
  db.run(KEEP, namespace, liveAtMost, countedAt.getTime(), rateFullAt);
}

function find(db: SqliteTransaction['db'], namespace: string): typeof UNUSED_QUOTA {
  const row = db.get<{ live_at_most: number; counted_at: number; rate_full_at: number }>(FIND, namespace);
  if (!row) return UNUSED_QUOTA;
  return { liveAtMost: row.live_at_most, countedAt: new Date(row.counted_at), rateFullAt: row.rate_full_at };
}
