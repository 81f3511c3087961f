import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** A change of a row: inserted with all its columns, updated in some, or deleted. Bytes are hexadecimal. */
export type RowChange =
  | readonly ['put', table: string, row: Values]
  | readonly ['set', table: string, key: Values, changed: Values]
  | readonly ['delete', table: string, key: Values];

type Values = Readonly<Record<string, string | number | null>>;

interface Column {
  readonly name: string;
  readonly isBytes: boolean;
  /** Its place in the primary key, from 1; 0: it is not part of it. */
  readonly pk: number;
}

/**
 * A table whose changes are noted and can be done again. It knows nothing of the table but what SQLite says of it, so that a new
 * column or table costs nothing here.
 */
export class JournaledTable {
  readonly name: string;
  readonly #database: DatabaseSync;
  readonly #columns: readonly Column[];
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, name: string) {
    this.name = name;
    this.#database = database;
    this.#columns = database
      .prepare(`PRAGMA table_info(${name})`)
      .all()
      .map((row) => ({
        name: String(row['name']),
        isBytes: String(row['type']).toLowerCase() === 'blob',
        pk: Number(row['pk']),
      }));
  }

  /** From now on notes every change. */
  watch(): void {
    const { name } = this;
    const note = (what: string, json: string) =>
      `INSERT INTO journal_note (change) VALUES (json_array('${what}', '${name}', ${json}));`;
    this.#database.exec(`
      CREATE TEMP TRIGGER journal_${name}_put AFTER INSERT ON main.${name}
        BEGIN ${note('put', object(this.#columns, 'NEW'))} END;
      CREATE TEMP TRIGGER journal_${name}_set AFTER UPDATE ON main.${name}
        BEGIN ${note('set', `${object(this.#key, 'OLD')}, ${this.#changed}`)} END;
      CREATE TEMP TRIGGER journal_${name}_delete AFTER DELETE ON main.${name}
        BEGIN ${note('delete', object(this.#key, 'OLD'))} END;`);
  }

  /** Every row there is, each as the JSON of the change that puts it there. */
  *rows(): Generator<string> {
    const row = object(this.#columns, this.name);
    const select = this.#database.prepare(
      `SELECT json_array('put', '${this.name}', ${row}) AS change FROM ${this.name}`,
    );
    for (const { change } of select.iterate()) yield String(change);
  }

  /** Does a change again. */
  apply(change: RowChange): void {
    switch (change[0]) {
      case 'put':
        return this.#run(
          change[2],
          (names) =>
            `INSERT OR REPLACE INTO ${this.name} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        );
      case 'set': {
        const where = equal(Object.keys(change[2]));
        return this.#run(
          change[3],
          (names) => `UPDATE ${this.name} SET ${names.map((name) => `${name} = ?`).join(', ')} WHERE ${where}`,
          change[2],
        );
      }
      case 'delete':
        return this.#run(change[2], (names) => `DELETE FROM ${this.name} WHERE ${equal(names)}`);
    }
  }

  get #key(): readonly Column[] {
    return this.#columns.filter(({ pk }) => pk > 0);
  }

  /** The columns that an update has changed: params of a megabyte are not written again with each new lease. */
  get #changed(): string {
    const each = this.#columns.map(
      (column) =>
        `SELECT '${column.name}' AS name, ${value(column, 'NEW')} AS value WHERE NEW.${column.name} IS NOT OLD.${column.name}`,
    );
    return `(SELECT json_group_object(name, value) FROM (${each.join(' UNION ALL ')}))`;
  }

  #run(values: Values, sql: (names: readonly string[]) => string, more: Values = {}): void {
    const names = Object.keys(values);
    if (names.length === 0) return;
    const parameters = [...Object.entries(values), ...Object.entries(more)].map(([name, given]) =>
      this.#parameter(name, given),
    );
    this.#prepared(sql(names)).run(...parameters);
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #parameter(name: string, given: string | number | null): SQLInputValue {
    const isBytes = this.#columns.some((column) => column.name === name && column.isBytes);
    return isBytes && typeof given === 'string' ? Buffer.from(given, 'hex') : given;
  }
}

/** The tables of a database that migrations have made. */
export function journaledTables(database: DatabaseSync): ReadonlyMap<string, JournaledTable> {
  const names = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .all();
  return new Map(names.map((row) => String(row['name'])).map((name) => [name, new JournaledTable(database, name)]));
}

function object(columns: readonly Column[], row: string): string {
  return `json_object(${columns.map((column) => `'${column.name}', ${value(column, row)}`).join(', ')})`;
}

function value({ name, isBytes }: Column, row: string): string {
  return isBytes ? `iif(${row}.${name} IS NULL, NULL, hex(${row}.${name}))` : `${row}.${name}`;
}

function equal(names: readonly string[]): string {
  return names.map((name) => `${name} = ?`).join(' AND ');
}
