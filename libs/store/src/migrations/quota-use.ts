import type { Dialect } from '../dialect.ts';

/** How far the quotas of namespaces are used; there is a row only where there are any. */
export function quotaUse(dialect: Dialect): readonly string[] {
  const postgres = dialect === 'postgresql';
  return [
    `create table quota_use (
    namespace ${postgres ? 'text collate "C"' : 'text'} not null primary key,
    live_at_most integer not null,
    counted_at ${postgres ? 'timestamptz(3)' : 'integer'} not null,
    rate_full_at ${postgres ? 'double precision' : 'double'} not null)`,
  ];
}
