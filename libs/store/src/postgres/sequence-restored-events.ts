import type { Database } from './database.ts';
import { place } from './sequence-events.ts';
import { statement } from './statement.ts';

/**
 * Whether the log speaks of transactions that this server has yet to begin: it was restored from a dump of another server, whose
 * count was ahead. What is new now would then pass for old, and what was not sequenced yet for unfinished.
 */
const IS_RESTORED = statement(
  'events_are_restored',
  `select exists (select from outbox where xid >= pg_snapshot_xmax(pg_current_snapshot()))
    or pg_snapshot_xmax(coalesce(upto, seen)) > pg_snapshot_xmax(pg_current_snapshot()) as restored
  from event_sequencer`,
);

/** In chunks; 0 is seen by everyone and new to nobody. Rows without a position are given one first. */
const FORGET_AHEAD = statement(
  'forget_events_ahead',
  `with ahead as materialized (
    select id from outbox where xid >= pg_snapshot_xmax(pg_current_snapshot()) limit 50000),
  forgotten as (
    update outbox set xid = '0' from ahead
    where outbox.id = ahead.id and exists (select from event_position where outbox_id = ahead.id)
    returning 1)
  select count(*)::int as count from forgotten`,
);

/** Nothing of what was restored can still be committed, so whatever has no position is taken by id. */
const SEQUENCE_RESTORED = statement(
  'sequence_restored_events',
  `with held as materialized (
    select * from event_sequencer for update skip locked),
  goal as materialized (
    select last_position, coalesce(upto, seen) as seen, pg_current_snapshot() as upto from held
    where last_position = (select last_position from event_sequencer)),
  found as materialized (
    select id, at, row_number() over (order by id) as number from outbox
    where exists (select from goal) and not exists (select from event_position where outbox_id = outbox.id)
    order by id limit $1 + 1),
  ${place('upto = null, after_id = null from goal, done')}`,
);

/**
 * After a restore: gives positions to at most so many batches and returns to how many; once all have one, lets the transactions of
 * this server count, so that `sequenceEvents` can go on. Does nothing otherwise.
 */
export async function sequenceRestoredEvents(database: Database, limit: number): Promise<number> {
  const [log] = await database.query<{ restored: boolean }>(IS_RESTORED, []);
  if (!log?.restored) return 0;
  const [forgotten] = await database.query<{ count: number }>(FORGET_AHEAD, []);
  if (forgotten && forgotten.count > 0) return 0;
  const [done] = await database.query<{ count: number }>(SEQUENCE_RESTORED, [limit]);
  return done?.count ?? 0;
}
