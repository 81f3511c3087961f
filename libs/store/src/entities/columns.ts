import { p } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';

/** The kinds of column that the schema is made of, as each dialect has them. */
export function columns(dialect: Dialect) {
  const postgres = dialect === 'postgresql';
  return {
    /** A text that is compared by its bytes: SQLite's default, PostgreSQL's "C", which is also its fastest. */
    name: () => (postgres ? p.text().collation('C') : p.text()),
    /** A whole millisecond: timestamptz(3), or the milliseconds since 1970. */
    instant: () => (postgres ? p.datetime(3).columnType('timestamptz(3)') : p.integer()),
    /** JSON that statements look into. */
    json: () => (postgres ? p.json().columnType('jsonb') : p.text()),
    bytes: () => p.blob(),
    text: () => p.text(),
    integer: () => p.integer(),
    count: () => p.bigint(),
    real: () => p.double(),
    /** Rises with each row. */
    serial: () => (postgres ? p.bigint().primary().autoincrement() : p.integer().primary().autoincrement()),
    flag: () => p.boolean(),
    /** PostgreSQL: the id of a transaction; the one that inserts the row unless said otherwise. */
    transaction: () => p.text().columnType('xid8').defaultRaw('pg_current_xact_id()'),
    /** PostgreSQL: which transactions were to be seen at a moment. */
    snapshot: () => p.text().columnType('pg_snapshot'),
  };
}
