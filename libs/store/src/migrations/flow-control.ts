import type { Dialect } from '../dialect.ts';

/** Limits on the flow of tasks, and how far their rates are used. */
export function flowControl(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  const name = postgres ? 'text collate "C"' : 'text';
  const flag = postgres ? 'boolean' : 'integer';
  const real = postgres ? 'double precision' : 'double';
  return [
    `create table flow_limit (
    namespace ${name} not null,
    name ${name} not null,
    queue ${name} not null,
    type ${name} not null,
    per_key ${flag} not null,
    max_running integer null,
    rate_count integer null,
    rate_period_ms bigint null,
    rate_burst integer null,
    primary key (namespace, name))`,
    `create table flow_rate (
    namespace ${name} not null,
    limit_name ${name} not null,
    flow_key ${name} not null,
    full_at ${real} not null,
    primary key (namespace, limit_name, flow_key))`,
    `create index flow_rate_age on flow_rate (full_at)`,
  ];
}
