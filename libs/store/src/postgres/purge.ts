import type { TaskStatus } from '@orrery/core';
import type { Database } from './database.ts';
import { hasNoOwnRetention, hasOwnRetention, keptUntilSql } from '../own-retention.ts';
import { fromMillis, NOW, statement } from './statement.ts';

const PURGE_TASKS = statement(
  'purge_tasks',
  `with old as materialized (
    select namespace, id from finished_task
    where finished_at < ${fromMillis('$1::bigint')} and ($3::text[] is null or status = any($3))
      and ${hasNoOwnRetention('postgresql')}
    order by finished_at limit $2
    for update skip locked),
  gone as (
    delete from finished_task using old
    where finished_task.namespace = old.namespace and finished_task.id = old.id
    returning 1)
  select count(*)::int as count from gone`,
);

const KEPT_UNTIL = keptUntilSql('postgresql');

const PURGE_RETAINED = statement(
  'purge_retained_tasks',
  `with old as materialized (
    select namespace, id from finished_task
    where ${hasOwnRetention('postgresql')} and ${KEPT_UNTIL} < extract(epoch from ${NOW} - timestamptz 'epoch')
    order by ${KEPT_UNTIL} limit $2
    for update skip locked),
  gone as (
    delete from finished_task using old
    where finished_task.namespace = old.namespace and finished_task.id = old.id
    returning 1)
  select count(*)::int as count from gone`,
);

const PURGE_REQUESTS = statement(
  'purge_create_requests',
  `with gone as (delete from create_request where created_at < ${fromMillis('$1::bigint')} returning 1)
  select count(*)::int as count from gone`,
);

/** Deletes ended tasks that ended before a time, oldest first; returns how many. */
export async function purgeTasks(
  database: Database,
  endedBefore: Date,
  limit: number,
  statuses?: readonly TaskStatus[],
): Promise<number> {
  const values = [endedBefore.getTime(), limit, statuses ?? null];
  const [gone] = await database.query<{ count: number }>(PURGE_TASKS, values);
  return gone?.count ?? 0;
}

/** Deletes ended tasks that have been kept for as long as they say themselves; returns how many. */
export async function purgeRetainedTasks(database: Database, limit: number): Promise<number> {
  const [gone] = await database.query<{ count: number }>(PURGE_RETAINED, [database.now(), limit]);
  return gone?.count ?? 0;
}

/** Forgets request ids first used before a time; returns how many. */
export async function purgeRequests(database: Database, usedBefore: Date): Promise<number> {
  const [gone] = await database.query<{ count: number }>(PURGE_REQUESTS, [usedBefore.getTime()]);
  return gone?.count ?? 0;
}

/** Takes the log's old end only, so that its positions stay without a gap. */
const PURGE_EVENTS = statement(
  'purge_events',
  `with oldest as materialized (
    select position, outbox_id, at from event_position
    where position <= coalesce((select min(position) from event_cursor), (select last_position from event_sequencer))
    order by position limit $2),
  old as materialized (
    select position, outbox_id from oldest
    where position < coalesce(
      (select min(position) from oldest where at >= ${fromMillis('$1::bigint')}),
      (select max(position) + 1 from oldest))),
  forgotten as (
    delete from event_position using old where event_position.position = old.position returning old.outbox_id),
  gone as (
    delete from outbox using forgotten where outbox.id = forgotten.outbox_id returning 1)
  select count(*)::int as count from gone`,
);

/** Forgets the oldest batches of events, at most `limit`, that were written before a time and that every cursor has passed. */
export async function purgeEvents(database: Database, before: Date, limit: number): Promise<number> {
  const [gone] = await database.query<{ count: number }>(PURGE_EVENTS, [before.getTime(), limit]);
  return gone?.count ?? 0;
}
