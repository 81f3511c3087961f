import { eventId, eventType, subjectOf } from '@orrery/core';
import type { AuditRecord, AuditStore, ListAuditRecords, OrreryEvent } from '@orrery/core';
import type { SQLInputValue } from 'node:sqlite';
import { lowerBound, toAuditRecord, type AuditRow } from '../audit-row.ts';
import { encodeEvent } from '../event-codec.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { typeMatches } from './type-matches.ts';

const RECORD = `
  INSERT INTO audit_record (event_id, namespace, at, type, subject, correlation_id, event, recorded_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

const PURGE = `
  DELETE FROM audit_record WHERE rowid IN (
    SELECT rowid FROM audit_record WHERE at < ? ORDER BY at, event_id LIMIT ?)`;

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
        const correlationId = event.noun === 'task' ? event.correlationId : '';
        const names = [eventType(event), subjectOf(event), correlationId, JSON.stringify(encodeEvent(event))];
        const [at, now] = [event.at.getTime(), this.#tx.now.getTime()];
        this.#tx.db.run(RECORD, eventId(event), event.namespace, at, ...names, now);
      }
    });
  }

  async list(query: ListAuditRecords): Promise<readonly AuditRecord[]> {
    const { namespace, subject, correlationId, before, types = [], limit } = query;
    const values: SQLInputValue[] = [];
    const place = (value: SQLInputValue) => `?${values.push(value)}`;
    const from = lowerBound(query);
    const conditions = [
      `namespace = ${place(namespace)}`,
      `(at, event_id) > (${place(from.at.getTime())}, ${place(from.eventId)})`,
      ...(subject === undefined ? [] : [`subject = ${place(subject)}`]),
      ...(correlationId === undefined ? [] : [`correlation_id = ${place(correlationId)}`]),
      ...(before ? [`at < ${place(before.getTime())}`] : []),
      ...(types.length > 0 ? [typeMatches(types, place)] : []),
    ];
    const rows = this.#tx.db.all<AuditRow>(
      `SELECT namespace, at, event, recorded_at FROM audit_record AS t WHERE ${conditions.join(' AND ')}
      ORDER BY at, event_id LIMIT ${place(limit)}`,
      ...values,
    );
    return rows.map(toAuditRecord);
  }

  purge(before: Date, limit: number): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE, before.getTime(), limit));
  }
}
