import type { Dialect } from './dialect.ts';

/** What the column `options` holds of a task that says itself how long it is kept; text in it has its quotes escaped. */
const MARK = `'"retention":'`;

/** Whether an ended task has a retention of its own: the predicate of the index of those that have. Null where it has no options. */
export function hasOwnRetention(dialect: Dialect): string {
  return dialect === 'postgresql' ? `strpos(options, ${MARK}) > 0` : `instr(options, ${MARK}) > 0`;
}

/** Whether it has none: the predicate of the index of all others. */
export function hasNoOwnRetention(dialect: Dialect): string {
  const place = dialect === 'postgresql' ? 'strpos' : 'instr';
  return `(options is null or ${place}(options, ${MARK}) = 0)`;
}

/**
 * Until when it is kept, as an index has it, in seconds since 1970 or, in SQLite, in milliseconds. Made of what depends on no time zone: an
 * instant plus an interval may not be indexed.
 */
export function keptUntilSql(dialect: Dialect): string {
  return dialect === 'postgresql'
    ? `(extract(epoch from finished_at - timestamptz 'epoch') + rtrim(options::json ->> 'retention', 's')::numeric)`
    : `(finished_at + cast(rtrim(json_extract(options, '$.retention'), 's') as real) * 1000)`;
}
