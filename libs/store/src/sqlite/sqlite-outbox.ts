import type { Outbox, OutboxBatch } from '@orrery/core';
import { decodeTaskEvents } from '../task-event-codec.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const READ = 'SELECT CAST(id AS TEXT) AS id, namespace, at, events FROM outbox ORDER BY outbox.id LIMIT ?';
const DELETE = 'DELETE FROM outbox WHERE id IN (SELECT CAST(value AS INTEGER) FROM json_each(?))';

interface OutboxRow {
  /** As text, for it may be larger than a number holds exactly. */
  readonly id: string;
  readonly namespace: string;
  readonly at: number;
  readonly events: string;
}

/** Events that wait in SQLite to be published. */
export class SqliteOutbox implements Outbox {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;

  constructor(tx: SqliteTransaction, group: GroupCommit) {
    this.#tx = tx;
    this.#group = group;
  }

  async read(limit: number): Promise<readonly OutboxBatch[]> {
    return this.#tx.db.all<OutboxRow>(READ, limit).map(({ id, namespace, at, events }) => ({
      id: BigInt(id),
      events: decodeTaskEvents(namespace, new Date(at), events),
    }));
  }

  delete(ids: readonly bigint[]): Promise<void> {
    return this.#group.run(() => void this.#tx.db.run(DELETE, JSON.stringify(ids.map(String))));
  }
}
