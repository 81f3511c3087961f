import type { Dialect } from '../dialect.ts';
import { flowControl } from './flow-control.ts';
import { createTaskFunction } from './create-task-function.ts';
import { definition } from './definition.ts';
import { hasNoOwnRetention, hasOwnRetention, keptUntilSql } from '../own-retention.ts';
import { quotaUse } from './quota-use.ts';
import { taskDedup } from './task-dedup.ts';
import { scheduleTables } from './schedule-tables.ts';

const READY = `status = 'PENDING' and ready and flow_key is null`;
const KEYED = `status = 'PENDING' and ready and flow_key is not null`;

/** The first schema: live and ended tasks, request ids, the event log, the audit trail and the worker registry. */
export function initial(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  const name = postgres ? 'text collate "C"' : 'text';
  const instant = postgres ? 'timestamptz(3)' : 'integer';
  const bytes = postgres ? 'bytea' : 'blob';
  const json = postgres ? 'jsonb' : 'text';
  const flag = postgres ? 'boolean' : 'integer';
  // AUTOINCREMENT, because the ids of deleted rows must not come again.
  const serial = postgres ? 'bigserial primary key' : 'integer not null primary key autoincrement';
  const taskColumns = `
    namespace ${name} not null,
    id ${name} not null,
    queue ${name} not null,
    type ${name} not null,
    params ${bytes} not null,
    params_type text not null,
    priority integer not null,
    flow_key ${name} null,
    options text null,
    labels ${json} null,
    correlation_id text not null,
    traceparent text not null,
    parent_task_id text not null,
    status text not null,
    run_at ${instant} not null,
    attempt integer not null,
    max_attempts integer not null,
    worker_id text not null,
    lease_token text null,
    lease_expires_at ${instant} null,
    cancel_requested_at ${instant} null,
    progress text null,
    heartbeat_at ${instant} null,
    result ${bytes} null,
    result_type text null,
    error text null,
    failed_attempts ${json} null,
    created_at ${instant} not null,
    updated_at ${instant} not null,
    started_at ${instant} null,
    finished_at ${instant} null,
    revision integer not null,`;
  return [
    `create table task (${taskColumns}
    ready ${flag} not null,
    start_by ${instant} null,
    primary key (namespace, id))`,
    `create index task_ready on task (namespace, queue, created_at, id) where ${READY} and priority = 0`,
    `create index task_ready_by_priority on task (namespace, queue, priority desc, created_at, id) where ${READY} and priority <> 0`,
    `create index task_ready_by_age on task (namespace, queue, created_at, id) where ${READY} and priority <> 0`,
    `create index task_keyed_by_age on task (namespace, queue, flow_key, type, created_at, id)
      where ${KEYED}`,
    `create index task_keyed_by_priority on task (namespace, queue, flow_key, type, priority desc, created_at, id)
      where ${KEYED}`,
    `create index task_keyed_running on task (namespace, flow_key, queue, type) where status = 'RUNNING' and flow_key is not null`,
    `create index task_waiting on task (run_at) where status = 'PENDING' and not ready`,
    `create index task_start_by on task (start_by) where status = 'PENDING' and start_by is not null`,
    `create index task_lease on task (lease_expires_at) where status = 'RUNNING'`,
    `create table finished_task (${taskColumns}
    primary key (namespace, id))`,
    `create index finished_task_age on finished_task (finished_at) where ${hasNoOwnRetention(dialect)}`,
    `create index finished_task_kept on finished_task (${keptUntilSql(dialect)}) where ${hasOwnRetention(dialect)}`,
    `create index finished_task_failed on finished_task (namespace, id) where status = 'FAILED'`,
    ...flowControl(dialect),
    `create table create_request (
    namespace ${name} not null,
    request_id ${name} not null,
    body_hash ${bytes} not null,
    task_ids text not null,
    created_at ${instant} not null,
    primary key (namespace, request_id))`,
    `create index create_request_age on create_request (created_at)`,
    ...taskDedup(dialect),
    ...definition(dialect),
    ...quotaUse(dialect),
    `create table outbox (
    id ${serial},
    namespace ${name} not null,
    at ${instant} not null,
    events text not null${postgres ? ',\n    xid xid8 not null default pg_current_xact_id()' : ''})`,
    ...(postgres ? sequencing : []),
    `create table event_cursor (
    name ${name} not null primary key,
    position bigint not null,
    owner text not null,
    owned_until ${instant} not null)`,
    `create table audit_record (
    id ${serial},
    namespace ${name} not null,
    at ${instant} not null,
    noun ${name} not null,
    subject ${name} not null,
    sequence integer not null,
    type ${name} not null,
    correlation_id ${name} not null,
    event text not null,
    recorded_at ${instant} not null)`,
    `create unique index audit_record_subject on audit_record (namespace, subject, noun, sequence)`,
    `create index audit_record_time on audit_record (at, id)`,
    `create index audit_record_correlation on audit_record (namespace, correlation_id) where sequence = 1`,
    `create table worker (
    namespace ${name} not null,
    id ${name} not null,
    queues text not null,
    types text not null,
    concurrency integer not null,
    hostname text not null,
    process_id integer not null,
    sdk text not null,
    labels text not null,
    state text not null,
    running integer not null,
    succeeded bigint not null,
    failed bigint not null,
    last_finish_at ${instant} null,
    registered_at ${instant} not null,
    heartbeat_at ${instant} not null,
    revision integer not null,
    primary key (namespace, id))`,
    `create index worker_heartbeat on worker (heartbeat_at)`,
    ...scheduleTables(dialect),
    ...(postgres ? [...churning, ...createTaskFunction] : []),
  ];
}

/** What puts the outbox into one order; see postgres/sequence-events.ts. */
const sequencing = [
  'create index outbox_xid on outbox (xid)',
  // Packing the events would cost each change more time than it saves anyone.
  'alter table outbox alter column events set storage external',
  `create table event_position (
    position bigint not null primary key,
    outbox_id bigint not null,
    at timestamptz(3) not null,
    constraint event_position_outbox_id_unique unique (outbox_id))`,
  `create table event_sequencer (
    id integer not null primary key,
    last_position bigint not null,
    seen pg_snapshot not null,
    upto pg_snapshot null,
    after_id bigint null)`,
  `insert into event_sequencer (id, last_position, seen) values (1, 0, '1:1:')`,
];

/** Every row of `task` dies within seconds: vacuum it by the thousand rather than by the fifth. The log only loses its old end. */
const churning = [
  `alter table task set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0)`,
  ...['outbox', 'event_position'].map(
    (table) => `alter table ${table} set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 50000)`,
  ),
];
