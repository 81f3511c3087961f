import type { Database } from './database.ts';
import { statement } from './statement.ts';

/** The ids of rows that were not to be seen when the sequencer last came to an end. */
const NEW_IDS = `
  select id from outbox where xid >= pg_snapshot_xmax(seen)
  union all
  select id from outbox where xid = any(array(select pg_snapshot_xip(seen)))`;

/**
 * Puts what was committed since into the log's order. Nothing is skipped, and each subject's events keep the order of its changes:
 *
 * - The sequencer remembers a snapshot, `seen`: whose rows it has dealt with. A row is new if its transaction (`xid`) had not ended
 *   in that snapshot and has in the present one. So a transaction that commits late is only found later, however high the ids are
 *   that were dealt with meanwhile, and it costs nobody anything while it stays open.
 * - A row's id is drawn while the rows that it tells of are locked. A subject's next change waits for the lock, hence for the commit,
 *   and only then draws its id. So among rows that can be seen a subject's ids rise with its changes; and a snapshot that has the
 *   later change has the earlier one. Going by id within one snapshot, and from snapshot to snapshot, is in order.
 * - What one call cannot finish is finished by the next ones within the same snapshot, `upto`, from `after_id` on: rows that
 *   appear meanwhile, perhaps with lower ids, wait for the snapshot after.
 * - Of several sequencers one holds the only row of `event_sequencer`; the others find it locked. One that finds it changed since
 *   its own snapshot was taken gives up, too: it could not see all that `upto` stands for.
 *
 * `id + 0` keeps PostgreSQL from looking for the lowest id by going through the whole outbox from its old end.
 */
export const SEQUENCE = statement(
  'sequence_events',
  `with held as materialized (
    select * from event_sequencer for update skip locked),
  goal as materialized (
    select last_position, seen, coalesce(upto, pg_current_snapshot()) as upto,
      coalesce(after_id, (select min(id + 0) - 1 from (${NEW_IDS}) as new)) as after_id
    from held
    where last_position = (select last_position from event_sequencer)),
  found as materialized (
    select id, at, row_number() over (order by id) as number from outbox
    where id > (select after_id from goal)
      and not pg_visible_in_snapshot(xid, (select seen from goal))
      and pg_visible_in_snapshot(xid, (select upto from goal))
    order by id limit $1 + 1),
  ${place(`upto = case when more then goal.upto end, after_id = case when more then last_id end
    from goal, done where done.count > 0`)}`,
);

/** Gives positions to the rows of `found`, but for one more than was asked for, which only tells that there are more. */
export function place(keep: string): string {
  return `placed as (
    insert into event_position (position, outbox_id, at)
    select last_position + number, found.id, at from found, goal where number <= $1
    returning position, outbox_id),
  done as (
    select count(*) as count, max(position) as last_position, max(outbox_id) as last_id,
      (select count(*) > $1 from found) as more from placed),
  kept as (
    update event_sequencer
    set last_position = coalesce(done.last_position, goal.last_position),
      seen = case when more then goal.seen else goal.upto end, ${keep})
  select count::int as count from done`;
}

/** Gives positions to at most so many batches; returns to how many. */
export async function sequenceEvents(database: Database, limit: number): Promise<number> {
  const [done] = await database.query<{ count: number }>(SEQUENCE, [limit]);
  return done?.count ?? 0;
}
