import { TIMEOUT_GRACE } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';

/** A statement that is prepared once per connection under its name, so that planning is not paid for with each call. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Names a statement's text. Two texts must never share a name. */
export function statement(name: string, text: string): Statement {
  return { name: `orrery_${name}`, text };
}

/** The time, in whole milliseconds: the database's own, unless the store was given a clock, whose ms are then $1. */
export const NOW = `coalesce(timestamptz 'epoch' + $1::bigint * interval '1 millisecond', date_trunc('milliseconds', now()))`;

/** The instant that so many milliseconds since 1970 are. */
export function fromMillis(sql: string): string {
  return `(timestamptz 'epoch' + ${sql} * interval '1 millisecond')`;
}

/** The milliseconds since 1970 of an instant. */
export function toMillis(sql: string): string {
  return `(extract(epoch from ${sql}) * 1000)::bigint`;
}

/** A timeout of the column `options` in whole milliseconds, as an interval; null: there is none. */
function timeout(name: 'runTimeout' | 'queueTimeout' | 'heartbeatTimeout'): string {
  return `ceil(rtrim(options::json ->> '${name}', 's')::numeric * 1000)::float8 * interval '1 millisecond'`;
}

/** The column `start_by` of a task that is due at this time; see start-by.ts in core. */
export function startBySql(runAt: string): string {
  return `case when options is not null then ${runAt} + ${timeout('queueTimeout')} end`;
}

/** Whether a PENDING task's queue timeout has not passed. */
export const IN_TIME = `(start_by is null or start_by > ${NOW})`;

const GRACE = `interval '${TIMEOUT_GRACE.toMillis()} milliseconds'`;

/** When a lease ends that is given now for so long; see attempt-deadline.ts in core. */
export function leaseEndSql(duration: string, heartbeatAt: string): string {
  return `case when options is null then ${NOW} + ${duration} else least(${NOW} + ${duration},
    started_at + ${timeout('runTimeout')} + ${GRACE},
    coalesce(${heartbeatAt}, started_at) + ${timeout('heartbeatTimeout')} + ${GRACE}) end`;
}

/** What an event tells of a row. */
export const EVENT_COLUMNS = 'id, revision, queue, type, attempt, worker_id, correlation_id, traceparent, status';

/** One event as event-codec.ts has it, of a row of changed tasks; the kind, and the error and detail if any, are SQL expressions. */
export function eventJson(kind: string, error?: string, detail?: string): string {
  const columns = 'id, revision, queue, type, attempt, worker_id, correlation_id, traceparent';
  return `json_build_array(${kind}, ${columns}${error ? `, ${error}` : ''}${detail ? `, ${detail}` : ''})`;
}

/** What is selected of a live task that ends to insert it into `finished_task`; `changed` are its columns that differ. */
export function endedRows(changed: Partial<Record<(typeof TASK_COLUMNS)[number], string>>): string {
  const ended = {
    lease_token: 'null',
    lease_expires_at: 'null',
    heartbeat_at: 'null',
    updated_at: NOW,
    finished_at: NOW,
    revision: 'revision + 1',
  };
  const columns: Partial<Record<string, string>> = { ...ended, ...changed };
  return TASK_COLUMNS.map((name) => columns[name] ?? name).join(', ');
}

/**
 * The items of a batch with the namespace, $2, in each. That the planner does not see that the namespace is the same for all leaves
 * it one way to find their tasks: one look-up in the primary key for each. Otherwise, while the table is small, it goes through
 * the whole namespace and the whole batch for each task, and keeps that plan when the table has grown.
 */
export function given(items: string, namespace = '$2'): string {
  return `(select ${namespace}::text as namespace, * from ${items} offset 0) as given`;
}

/** Whether a given item holds its task's lease. Only RUNNING tasks of `task` have a token, so nothing else need be asked. */
export const HELD = `task.namespace = given.namespace and task.id = given.id and task.lease_token = given.token`;
