import type { Dialect } from '../dialect.ts';

/** Dedup keys, and the tasks that hold them. */
export function taskDedup(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  const name = postgres ? 'text collate "C"' : 'text';
  const instant = postgres ? 'timestamptz(3)' : 'integer';
  return [
    `create table task_dedup (
    namespace ${name} not null,
    key ${name} not null,
    task_id ${name} not null,
    hold_window text not null,
    expires_at ${instant} null,
    held_at ${instant} not null,
    primary key (namespace, key))`,
    `create index task_dedup_until on task_dedup (expires_at) where expires_at is not null`,
    `create index task_dedup_active on task_dedup (held_at) where hold_window = 'WHILE_ACTIVE'`,
  ];
}
