import type { Outbox, OutboxBatch } from '@orrery/core';
import { decodeTaskEvents } from '../task-event-codec.ts';
import type { Database } from './database.ts';
import { statement } from './statement.ts';

const READ = statement('read_outbox', 'select id, namespace, at, events from outbox order by id limit $1');
const DELETE = statement(
  'delete_outbox',
  'delete from outbox using unnest($1::bigint[]) as gone (id) where outbox.id = gone.id',
);

/**
 * The outbox. There is no cursor: whatever is there is yet to be published, so a batch that was committed later than one with
 * a higher id is not missed.
 */
export class PostgresOutbox implements Outbox {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async read(limit: number): Promise<readonly OutboxBatch[]> {
    const rows = await this.#database.query<{ id: bigint; namespace: string; at: number; events: string }>(READ, [
      limit,
    ]);
    return rows.map((row) => ({ id: row.id, events: decodeTaskEvents(row.namespace, new Date(row.at), row.events) }));
  }

  async delete(ids: readonly bigint[]): Promise<void> {
    if (ids.length > 0) await this.#database.query(DELETE, [ids]);
  }
}
