import type { EventBatch, EventCursor, EventLog } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { decodeEvents } from '../event-codec.ts';
import type { Database } from './database.ts';
import { acquireCursor, dropCursor, listCursors, moveCursor, resetCursor } from './event-cursors.ts';
import { purgeEvents } from './purge.ts';
import { sequenceEvents } from './sequence-events.ts';
import { sequenceRestoredEvents } from './sequence-restored-events.ts';
import { fromMillis, NOW, statement, toMillis } from './statement.ts';

const READ = statement(
  'read_events',
  `select position, namespace, outbox.at, events from event_position join outbox on outbox.id = outbox_id
  where position > $1 order by position limit $2`,
);

/** Goes through the old end, which is rarely asked for, rather than have every batch pay for an index by time. */
const POSITION_BEFORE = statement(
  'event_position_before',
  `select coalesce(
    (select position - 1 from event_position where at >= ${fromMillis('$1::bigint')} order by position limit 1),
    last_position) as position
  from event_sequencer`,
);

const HEAD = statement('event_head', 'select last_position as position from event_sequencer');

/** Positions have no gaps, so none are counted but those that are yet to be given. */
const LAG = statement(
  'event_lag',
  `with waiting as (
    select count(*) as count, min(at) as oldest from event_sequencer, lateral (
      select id, at from outbox where xid >= pg_snapshot_xmax(seen)
      union all
      select id, at from outbox where xid = any(array(select pg_snapshot_xip(seen)))) as new
    where not exists (select from event_position where outbox_id = new.id)),
  next as (select position, at from event_position where position > $2 order by position limit 1)
  select (waiting.count + coalesce(last_position - (select position from next) + 1, 0))::float8 as batches,
    greatest(0, ${toMillis(NOW)} - ${toMillis('least((select at from next), waiting.oldest)')})::float8 as age
  from event_sequencer, waiting`,
);

/** The event log in PostgreSQL. */
export class PostgresEvents implements EventLog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async sequence(limit: number): Promise<number> {
    const count = await sequenceEvents(this.#database, limit);
    // A log that was restored stands still: seen often enough by looking when there is nothing else to do.
    return count > 0 ? count : sequenceRestoredEvents(this.#database, limit);
  }

  async read(after: bigint, limit: number): Promise<readonly EventBatch[]> {
    const rows = await this.#database.query<{ position: bigint; namespace: string; at: number; events: string }>(READ, [
      after,
      limit,
    ]);
    return rows.map(({ position, namespace, at, events }) => ({
      position,
      events: decodeEvents(namespace, new Date(at), events),
    }));
  }

  async positionBefore(time: Date): Promise<bigint> {
    return this.#position(POSITION_BEFORE, [time.getTime()]);
  }

  async head(): Promise<bigint> {
    return this.#position(HEAD, []);
  }

  async lag(after: bigint): Promise<{ readonly batches: number; readonly oldestAge: Duration | null }> {
    const values = [this.#database.now(), after];
    const [lag] = await this.#database.query<{ batches: number; age: number | null }>(LAG, values);
    const batches = lag?.batches ?? 0;
    return { batches, oldestAge: batches > 0 ? Duration.ofMillis(lag?.age ?? 0) : null };
  }

  purge(before: Date, limit: number): Promise<number> {
    return purgeEvents(this.#database, before, limit);
  }

  acquireCursor(name: string, owner: string, lease: Duration): Promise<bigint | null> {
    return acquireCursor(this.#database, name, owner, lease);
  }

  moveCursor(name: string, owner: string, position: bigint): Promise<boolean> {
    return moveCursor(this.#database, name, owner, position);
  }

  resetCursor(name: string, position: bigint): Promise<void> {
    return resetCursor(this.#database, name, position);
  }

  listCursors(): Promise<readonly EventCursor[]> {
    return listCursors(this.#database);
  }

  dropCursor(name: string, { force }: { readonly force: boolean }): Promise<'dropped' | 'owned' | 'unknown'> {
    return dropCursor(this.#database, name, force);
  }

  async #position(query: typeof HEAD, values: readonly unknown[]): Promise<bigint> {
    const [row] = await this.#database.query<{ position: bigint }>(query, values);
    return row?.position ?? 0n;
  }
}
