import { eventType, subjectOf } from '@orrery/core';
import type { AuditRecord, AuditStore, ListAuditRecords, OrreryEvent } from '@orrery/core';
import { toAuditRecord, lowerBound, type AuditRow } from '../audit-row.ts';
import { encodeEvent } from '../event-codec.ts';
import type { Database } from './database.ts';
import { fromMillis, NOW, statement, type Statement } from './statement.ts';

const RECORD = statement(
  'record_audit',
  `insert into audit_record (namespace, at, noun, subject, sequence, type, correlation_id, event, recorded_at)
  select namespace, ${fromMillis('at')}, noun, subject, sequence, type, correlation_id, event, ${NOW}
  from unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[])
    as given (namespace, at, noun, subject, sequence, type, correlation_id, event)
  on conflict do nothing`,
);

/** One statement for each way of finding records, since one plan is kept for each; `from` has those that may match. */
function list(name: string, from: string): Statement {
  return statement(
    `list_audit${name}`,
    `with given as materialized (select $7::text as subject, $8::text as correlation_id),
    found as ${name === '' ? 'not materialized' : 'materialized'} (${from})
    select found.id, found.namespace, found.at, found.event, found.recorded_at from found
    where (at, id) > (${fromMillis('$2::bigint')}, $3::bigint)
      and at < coalesce(${fromMillis('$4::bigint')}, 'infinity')
      and ($5::text[] is null or type = any($5) or type ^@ any($6::text[]))
      and ($8::text is null or correlation_id = $8)
    order by at, id limit $9`,
  );
}

const LIST = list('', 'select * from audit_record where namespace = $1');

const LIST_OF_SUBJECT = list(
  '_of_subject',
  'select audit_record.* from audit_record, given where namespace = $1 and audit_record.subject = given.subject',
);

/** The subjects of a correlation id are found by their first events; all events of a task have the same. */
const LIST_OF_CORRELATION = list(
  '_of_correlation',
  `select audit_record.* from given, lateral (
      select subject from audit_record
      where sequence = 1 and namespace = $1 and correlation_id = given.correlation_id offset 0) as first,
    audit_record
  where audit_record.namespace = $1 and audit_record.subject = first.subject and audit_record.noun = 'task'`,
);

const PURGE = statement(
  'purge_audit',
  `with old as materialized (
    select id from audit_record where at < ${fromMillis('$1::bigint')} order by at, id limit $2
    for update skip locked),
  gone as (
    delete from audit_record using old where audit_record.id = old.id returning 1)
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
      events.map(({ namespace }) => namespace),
      events.map(({ at }) => at.getTime()),
      events.map(({ noun }) => noun),
      events.map(subjectOf),
      events.map(({ sequence }) => sequence),
      events.map(eventType),
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
      from.position,
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
