import type { Dialect } from '../dialect.ts';

/** The tables of schedules and their runs. */
export function scheduleTables(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  const name = postgres ? 'text collate "C"' : 'text';
  const instant = postgres ? 'timestamptz(3)' : 'integer';
  const flag = postgres ? 'boolean' : 'integer';
  return [
    `create table schedule (
    namespace ${name} not null,
    id ${name} not null,
    definition text not null,
    paused ${flag} not null,
    next_run_at ${instant} null,
    waits ${flag} not null,
    active_task_id ${name} not null,
    queued_count integer not null,
    last_run_at ${instant} null,
    last_task_id text not null,
    fired_count bigint not null,
    skipped_count bigint not null,
    created_at ${instant} not null,
    updated_at ${instant} not null,
    deleted_at ${instant} null,
    revision integer not null,
    primary key (namespace, id))`,
    `create index schedule_due on schedule (next_run_at) where not paused`,
    `create index schedule_waiting on schedule (namespace, active_task_id) where waits and not paused`,
    `create table schedule_run (
    namespace ${name} not null,
    schedule_id ${name} not null,
    task_id ${name} not null,
    slot_at ${instant} not null,
    cause text not null,
    status text not null,
    at ${instant} not null,
    primary key (namespace, schedule_id, task_id))`,
    `create index schedule_run_slot on schedule_run (namespace, schedule_id, slot_at, task_id)`,
    `create index schedule_run_age on schedule_run (slot_at)`,
  ];
}
