import type { Clock, EventBatch, EventCursor, EventLog } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { decodeEvents } from '../event-codec.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

// Positions are read as text, for they may be larger than a number holds exactly. That of the newest row there ever was is kept by
// AUTOINCREMENT.
const HEAD = `(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox')`;
const BEFORE_OLDEST = `coalesce((SELECT min(id) - 1 FROM outbox), ${HEAD})`;

const READ_HEAD = `SELECT CAST(${HEAD} AS TEXT) AS position`;
const SINCE = `SELECT max(0, ${HEAD} - max(CAST(? AS INTEGER), ${BEFORE_OLDEST})) AS count`;
const READ = `
  SELECT CAST(id AS TEXT) AS position, namespace, at, events FROM outbox WHERE outbox.id > CAST(? AS INTEGER)
  ORDER BY outbox.id LIMIT ?`;
const POSITION_BEFORE = `
  SELECT CAST(coalesce((SELECT id - 1 FROM outbox WHERE at >= ? ORDER BY id LIMIT 1), ${HEAD}) AS TEXT) AS position`;
const NEXT_TIME = 'SELECT at FROM outbox WHERE id > CAST(? AS INTEGER) ORDER BY id LIMIT 1';

// The log's old end only, so that its positions stay without a gap.
const PURGE = `
  WITH oldest AS MATERIALIZED (
    SELECT id, at FROM outbox WHERE id <= coalesce((SELECT min(position) FROM event_cursor), ${HEAD}) ORDER BY id LIMIT ?2)
  DELETE FROM outbox WHERE id IN (
    SELECT id FROM oldest
    WHERE id < coalesce((SELECT min(id) FROM oldest WHERE at >= ?1), (SELECT max(id) + 1 FROM oldest)))`;

const ACQUIRE = `
  INSERT INTO event_cursor (name, position, owner, owned_until) VALUES (?1, ${BEFORE_OLDEST}, ?2, ?3)
  ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, owned_until = excluded.owned_until
  WHERE event_cursor.owner = excluded.owner OR event_cursor.owned_until <= ?4
  RETURNING CAST(position AS TEXT) AS position`;
const MOVE = 'UPDATE event_cursor SET position = max(position, CAST(? AS INTEGER)) WHERE name = ? AND owner = ?';
const RESET = `
  INSERT INTO event_cursor (name, position, owner, owned_until) VALUES (?, CAST(? AS INTEGER), '', 0)
  ON CONFLICT (name) DO UPDATE SET position = excluded.position, owner = excluded.owner, owned_until = excluded.owned_until`;
const LIST = `
  SELECT name, CAST(position AS TEXT) AS position, CASE WHEN owned_until > ? THEN nullif(owner, '') END AS owner,
    owned_until AS ownedUntil
  FROM event_cursor ORDER BY name`;
const DROP = "DELETE FROM event_cursor WHERE name = ? AND (? OR owner = '' OR owned_until <= ?)";
const IS_THERE = 'SELECT 1 FROM event_cursor WHERE name = ?';

interface CursorRow extends Position {
  readonly name: string;
  readonly owner: string | null;
  readonly ownedUntil: number;
}

interface Position {
  readonly position: string;
}

/**
 * The event log in SQLite. There is one writer, so that the ids of the outbox rise as its rows are committed: they are the log's
 * positions, given from the start.
 */
export class SqliteEvents implements EventLog {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;
  readonly #clock: Clock;
  #sequenced = 0n;

  constructor(tx: SqliteTransaction, group: GroupCommit, clock: Clock) {
    this.#tx = tx;
    this.#group = group;
    this.#clock = clock;
  }

  /** Only counts what has come since it was last asked, for those who then tell the readers. */
  async sequence(limit: number): Promise<number> {
    const head = await this.head();
    const count = Math.min(this.#countAfter(this.#sequenced), limit);
    this.#sequenced = count < limit ? head : this.#sequenced + BigInt(count);
    return count;
  }

  async read(after: bigint, limit: number): Promise<readonly EventBatch[]> {
    interface Row extends Position {
      readonly namespace: string;
      readonly at: number;
      readonly events: string;
    }
    return this.#tx.db.all<Row>(READ, `${after}`, limit).map(({ position, namespace, at, events }) => ({
      position: BigInt(position),
      events: decodeEvents(namespace, new Date(at), events),
    }));
  }

  async positionBefore(time: Date): Promise<bigint> {
    return positionOf(this.#tx.db.get<Position>(POSITION_BEFORE, time.getTime())) ?? 0n;
  }

  async head(): Promise<bigint> {
    return positionOf(this.#tx.db.get<Position>(READ_HEAD)) ?? 0n;
  }

  async lag(after: bigint): Promise<{ readonly batches: number; readonly oldestAge: Duration | null }> {
    const next = this.#tx.db.get<{ readonly at: number }>(NEXT_TIME, `${after}`);
    if (!next) return { batches: 0, oldestAge: null };
    const age = Math.max(0, this.#clock.now().getTime() - next.at);
    return { batches: this.#countAfter(after), oldestAge: Duration.ofMillis(age) };
  }

  purge(before: Date, limit: number): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE, before.getTime(), limit));
  }

  acquireCursor(name: string, owner: string, lease: Duration): Promise<bigint | null> {
    return this.#group.run(() => {
      const { now } = this.#tx;
      const until = lease.addTo(now).getTime();
      return positionOf(this.#tx.db.get<Position>(ACQUIRE, name, owner, until, now.getTime()));
    });
  }

  moveCursor(name: string, owner: string, position: bigint): Promise<boolean> {
    return this.#group.run(() => this.#tx.db.run(MOVE, `${position}`, name, owner) > 0);
  }

  resetCursor(name: string, position: bigint): Promise<void> {
    return this.#group.run(() => void this.#tx.db.run(RESET, name, `${position}`));
  }

  async listCursors(): Promise<readonly EventCursor[]> {
    const rows = this.#tx.db.all<CursorRow>(LIST, this.#clock.now().getTime());
    return rows.map(({ name, position, owner, ownedUntil }) => {
      return { name, position: BigInt(position), owner, ownedUntil: owner === null ? null : new Date(ownedUntil) };
    });
  }

  dropCursor(name: string, { force }: { readonly force: boolean }): Promise<'dropped' | 'owned' | 'unknown'> {
    return this.#group.run(() => {
      const { db, now } = this.#tx;
      if (db.run(DROP, name, force ? 1 : 0, now.getTime()) > 0) return 'dropped';
      return db.get(IS_THERE, name) ? 'owned' : 'unknown';
    });
  }

  #countAfter(position: bigint): number {
    return this.#tx.db.get<{ readonly count: number }>(SINCE, `${position}`)?.count ?? 0;
  }
}

function positionOf(row: Position | undefined): bigint | null {
  return row ? BigInt(row.position) : null;
}
