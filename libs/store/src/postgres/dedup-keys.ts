import { dedupKeyTaken, mayRedrive, takesKeyBack, type DedupHold, type Task } from '@orrery/core';
import { LIVE } from './create-tasks.ts';
import type { Connection, Database } from './database.ts';
import { NOW, statement } from './statement.ts';

const LOCK_KEY = statement(
  'lock_dedup_key',
  'select task_id, hold_window from task_dedup where namespace = $1 and key = $2 for update',
);

const TAKE_BACK = statement(
  'take_back_dedup_key',
  `update task_dedup set task_id = $4, held_at = ${NOW} where namespace = $2 and key = $3`,
);

/** Sees to it that a task that is to be active again has its dedup key to itself; refuses with DEDUP_KEY_TAKEN if it has not. */
export async function takeKeyBack(connection: Connection, now: number | null, task: Task): Promise<void> {
  const { namespace, id, dedupKey } = task;
  if (dedupKey === '') return;
  const [row] = await connection.query<{ task_id: string; hold_window: DedupHold['window'] }>(LOCK_KEY, [
    namespace,
    dedupKey,
  ]);
  const hold = row && { taskId: row.task_id, window: row.hold_window, expiresAt: null };
  if (!hold || !takesKeyBack(id, hold)) return;
  const live = await connection.query(LIVE, [namespace, [hold.taskId]]);
  if (!mayRedrive(id, hold, live.length > 0)) throw dedupKeyTaken(id, dedupKey, hold.taskId);
  await connection.query(TAKE_BACK, [now, namespace, dedupKey, id]);
}

/**
 * Keys whose time is over, and the oldest of those held while active whose task there is no more, not even among the ended ones. None
 * that was taken within the last minute: its task may have been added since this statement began, and is not to be seen then.
 */
const PURGE = statement(
  'purge_dedup_keys',
  `with over as materialized (
    select namespace, key from task_dedup where expires_at <= ${NOW} order by expires_at limit $2
    for update skip locked),
  oldest as materialized (
    select namespace, key, task_id from task_dedup where hold_window = 'WHILE_ACTIVE' and held_at < ${NOW} - interval '1 minute'
    order by held_at limit $2
    for update skip locked),
  unused as materialized (
    select namespace, key from oldest
    where not exists (select from task where task.namespace = oldest.namespace and task.id = oldest.task_id)
      and not exists (
        select from finished_task as ended where ended.namespace = oldest.namespace and ended.id = oldest.task_id)),
  gone as (
    delete from task_dedup using (select * from over union select * from unused limit $2) as free
    where task_dedup.namespace = free.namespace and task_dedup.key = free.key
    returning 1)
  select count(*)::int as count from gone`,
);

/** Forgets keys that nobody holds any more; returns how many. */
export async function purgeDedupKeys(database: Database, limit: number): Promise<number> {
  const [gone] = await database.query<{ count: number }>(PURGE, [database.now(), limit]);
  return gone?.count ?? 0;
}
