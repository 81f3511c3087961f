import { eventType, subjectOf } from '@orrery/core';
import type { AuditRecord, AuditStore, ListAuditRecords, OrreryEvent } from '@orrery/core';
import type { SQLInputValue } from 'node:sqlite';
import { lowerBound, toAuditRecord, type AuditRow } from '../audit-row.ts';
import { encodeEvent } from '../event-codec.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { typeMatches } from './type-matches.ts';

const RECORD = `
  INSERT INTO audit_record (namespace, at, noun, subject, sequence, type, correlation_id, event, recorded_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const PURGE = `
  DELETE FROM audit_record WHERE id IN (SELECT id FROM audit_record WHERE at < ? ORDER BY at, id LIMIT ?)`;

/** The subjects of a correlation id are found by their first events; all events of a task have the same. */
const OF_CORRELATION = 'SELECT subject FROM audit_record WHERE sequence = 1 AND namespace =';

/** The audit trail in SQLite. */
export class SqliteAudit implements AuditStore {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;

  constructor(tx: SqliteTransaction, group: GroupCommit) {
    this.#tx = tx;
    this.#group = group;
  }

  record(events: readonly OrreryEvent[]): Promise<void> {
    return this.#group.run(() => {
      for (const event of events) {
        this.#tx.db.run(
          RECORD,
          event.namespace,
          event.at.getTime(),
          event.noun,
          subjectOf(event),
          event.sequence,
          eventType(event),
          event.noun === 'task' ? event.correlationId : '',
          JSON.stringify(encodeEvent(event)),
          this.#tx.now.getTime(),
        );
      }
    });
  }

  async list(query: ListAuditRecords): Promise<readonly AuditRecord[]> {
    const { namespace, subject, correlationId, before, types = [], limit } = query;
    const values: SQLInputValue[] = [];
    const place = (value: SQLInputValue) => `?${values.push(value)}`;
    const from = lowerBound(query);
    // A plus keeps SQLite from walking the index by time where there is a better way.
    const walk = subject === undefined && correlationId === undefined ? '' : '+';
    const conditions = [
      `namespace = ${place(namespace)}`,
      `(${walk}at, ${walk}id) > (${place(from.at.getTime())}, ${place(from.position)})`,
      ...(subject === undefined ? [] : [`subject = ${place(subject)}`]),
      ...(correlationId === undefined ? [] : [`correlation_id = ${place(correlationId)}`]),
      ...(correlationId === undefined || subject !== undefined
        ? []
        : [`subject IN (${OF_CORRELATION} ${place(namespace)} AND correlation_id = ${place(correlationId)})`]),
      ...(before ? [`at < ${place(before.getTime())}`] : []),
      ...(types.length > 0 ? [typeMatches(types, place)] : []),
    ];
    const rows = this.#tx.db.all<AuditRow>(
      `SELECT id, namespace, at, event, recorded_at FROM audit_record AS t WHERE ${conditions.join(' AND ')}
      ORDER BY ${walk}at, ${walk}id LIMIT ${place(limit)}`,
      ...values,
    );
    return rows.map(toAuditRecord);
  }

  purge(before: Date, limit: number): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE, before.getTime(), limit));
  }
}
