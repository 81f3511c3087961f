import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';

/** How many rows one statement adds. */
const CHUNK = 250_000;

/** What is to become of a table. */
export interface Filling {
  readonly table: 'task' | 'finished_task';
  /** The id of a row in it, which all new rows are like. */
  readonly template: string;
  /** How many rows to add. */
  readonly rows: number;
  /** Called with how many there are so far. */
  readonly progress: (rows: number) => void;
}

/**
 * Adds rows that are like one that is there, but for the id and the times, which are a millisecond apart and end where the
 * template's are. Whatever columns the table has are copied, so that nothing here changes with the schema.
 */
export async function fillTable(client: Client, { table, template, rows, progress }: Filling): Promise<void> {
  const { rows: columns } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  const names = columns.map(({ name }) => `"${name}"`);
  // Rows of one filling may end up beside those of another.
  const prefix = `filled-${randomUUID().slice(0, 8)}-`;
  const values = columns.map(({ name }) => valueOf(name, prefix));
  const sql = `insert into ${table} (${names.join(', ')})
    select ${values.join(', ')} from ${table} as t, generate_series($2::int, $3::int) as n where t.id = $1`;
  for (let from = 1; from <= rows; from += CHUNK) {
    const to = Math.min(from + CHUNK - 1, rows);
    await client.query(sql, [template, from, to]);
    progress(to);
  }
  await client.query(`vacuum analyze ${table}`);
}

function valueOf(column: string, prefix: string): string {
  if (column === 'id') return `'${prefix}' || lpad(n::text, 10, '0')`;
  return /^(created|updated|started|finished)_at$/.test(column)
    ? `t."${column}" - ($3 - n) * interval '1 millisecond'`
    : `t."${column}"`;
}
