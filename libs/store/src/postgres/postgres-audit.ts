import { eventId, eventType, subjectOf } from '@orrery/core';
import type { AuditRecord, AuditStore, ListAuditRecords, OrreryEvent } from '@orrery/core';
import { toAuditRecord, lowerBound, type AuditRow } from '../audit-row.ts';
import { encodeEvent } from '../event-codec.ts';
import type { Database } from './database.ts';
import { fromMillis, NOW, statement, type Statement } from './statement.ts';

const RECORD = statement(
  'record_audit',
  `insert into audit_record (event_id, namespace, at, type, subject, correlation_id, event, recorded_at)
  select event_id, namespace, ${fromMillis('at')}, type, subject, correlation_id, event, ${NOW}
  from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[])
    as given (event_id, namespace, at, type, subject, correlation_id, event)
  on conflict do nothing`,
);

/** One statement for each index that gives the order, since one plan is kept for each. */
function list(name: string, condition: string): Statement {
  return statement(
    `list_audit${name}`,
    `select namespace, at, event, recorded_at from audit_record
    where namespace = $1 and ${condition}
      and (at, event_id) > (${fromMillis('$2::bigint')}, $3)
      and at < coalesce(${fromMillis('$4::bigint')}, 'infinity')
      and ($5::text[] is null or type = any($5) or type ^@ any($6::text[]))
      and ($8::text is null or correlation_id = $8)
    order by at, event_id limit $9`,
  );
}

const LIST_OF_SUBJECT = list('_of_subject', 'subject = $7');
const LIST_OF_CORRELATION = list('_of_correlation', '$7::text is null and correlation_id = $8');
const LIST = list('', '$7::text is null');

const PURGE = statement(
  'purge_audit',
  `with old as materialized (
    select event_id from audit_record where at < ${fromMillis('$1::bigint')} order by at, event_id limit $2
    for update skip locked),
  gone as (
    delete from audit_record using old where audit_record.event_id = old.event_id returning 1)
  select count(*)::int as count from gone`,
);

/** The audit trail in PostgreSQL. */
export class PostgresAudit implements AuditStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async record(events: readonly OrreryEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.#database.query(RECORD, [
      this.#database.now(),
      events.map(eventId),
      events.map(({ namespace }) => namespace),
      events.map(({ at }) => at.getTime()),
      events.map(eventType),
      events.map(subjectOf),
      events.map((event) => (event.noun === 'task' ? event.correlationId : '')),
      events.map((event) => JSON.stringify(encodeEvent(event))),
    ]);
  }

  async list(query: ListAuditRecords): Promise<readonly AuditRecord[]> {
    const { namespace, subject, correlationId, before, limit } = query;
    const types = query.types && query.types.length > 0 ? query.types : null;
    const from = lowerBound(query);
    const all = correlationId === undefined ? LIST : LIST_OF_CORRELATION;
    const rows = await this.#database.query<AuditRow>(subject === undefined ? all : LIST_OF_SUBJECT, [
      namespace,
      from.at.getTime(),
      from.eventId,
      before?.getTime() ?? null,
      types?.filter((type) => !type.endsWith('.*')) ?? null,
      types?.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1)) ?? null,
      subject ?? null,
      correlationId ?? null,
      limit,
    ]);
    return rows.map(toAuditRecord);
  }

  async purge(before: Date, limit: number): Promise<number> {
    const [gone] = await this.#database.query<{ count: number }>(PURGE, [before.getTime(), limit]);
    return gone?.count ?? 0;
  }
}
