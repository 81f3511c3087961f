import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '@orrery/core';
import { MIGRATIONS } from '../migrations/steps.ts';
import { Journal, type JournalHeader } from './journal.ts';
import { type JournaledTable, journaledTables, type RowChange } from './journaled-table.ts';

/** How many rows one line of a journal that begins anew holds. */
const ROWS_PER_LINE = 500;

/** A journal that has grown to twice what it began with begins anew, but not below this many bytes. */
const MIN_REWRITE_BYTES = 16 * 1024 * 1024;

/** Tables in memory whose every transaction is in a journal before it is committed. */
export class JournaledDatabase {
  readonly connection: DatabaseSync;
  readonly #journal: Journal;
  readonly #tables: ReadonlyMap<string, JournaledTable>;
  #rewriteAt = 0;

  private constructor(connection: DatabaseSync, journal: Journal) {
    this.connection = connection;
    this.#journal = journal;
    this.#tables = journaledTables(connection);
  }

  /** Does again what the journal of a directory tells, and begins it anew. Throws a `StorageError` if it is damaged. */
  static open(directory: string): JournaledDatabase {
    const journal = new Journal(directory);
    const connection = new DatabaseSync(':memory:');
    try {
      connection.exec(
        'PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; CREATE TEMP TABLE journal_note (change TEXT NOT NULL);',
      );
      replay(connection, journal);
      const database = new JournaledDatabase(connection, journal);
      database.#rewrite();
      for (const table of database.#tables.values()) table.watch();
      return database;
    } catch (error) {
      connection.close();
      journal.close();
      throw error;
    }
  }

  /** Writes what the transaction has changed; to be called just before it is committed. */
  write(): void {
    const notes = this.connection.prepare('SELECT change FROM temp.journal_note ORDER BY rowid').all();
    if (notes.length === 0) return;
    this.connection.exec('DELETE FROM temp.journal_note');
    this.#journal.append(`[${notes.map(({ change }) => change).join(',')}]`);
  }

  /** Begins the journal anew if most of what it tells has been overtaken; to be called between transactions. */
  tidy(): void {
    if (this.#journal.size < this.#rewriteAt) return;
    try {
      this.#rewrite();
    } catch {
      // Nothing is lost with it, and there may be more room later.
      this.#rewriteAt = this.#journal.size + MIN_REWRITE_BYTES;
    }
  }

  close(): void {
    this.connection.close();
    this.#journal.close();
  }

  #rewrite(): void {
    const header: JournalHeader = { orrery: 'journal', migrations: Object.keys(MIGRATIONS) };
    this.#journal.rewrite(header, inLines(this.#everything()));
    this.#rewriteAt = Math.max(2 * this.#journal.size, MIN_REWRITE_BYTES);
  }

  *#everything(): Generator<string> {
    for (const table of this.#tables.values()) yield* table.rows();
    // The ids of deleted rows must not come again.
    for (const { name, seq } of this.connection.prepare('SELECT name, seq FROM sqlite_sequence').all())
      yield JSON.stringify(['serial', name, seq]);
  }
}

type Change = RowChange | readonly ['serial', table: string, last: number];

function replay(connection: DatabaseSync, journal: Journal): void {
  const written = journal.read();
  const known = Object.keys(MIGRATIONS);
  const before = written?.header.migrations ?? [];
  if (before.some((name, index) => name !== known[index])) {
    const message = `"${journal.path}" was written by another version of Orrery (${before.join(', ')})`;
    throw new StorageError(message, { transient: false });
  }
  migrate(connection, before);
  const tables = journaledTables(connection);
  connection.exec('BEGIN');
  for (const line of written?.transactions ?? [])
    for (const change of JSON.parse(line) as readonly Change[]) {
      if (change[0] === 'serial') setSerial(connection, change[1], change[2]);
      else tables.get(change[1])?.apply(change);
    }
  connection.exec('COMMIT');
  migrate(connection, known.slice(before.length));
}

function migrate(connection: DatabaseSync, names: readonly string[]): void {
  for (const name of names) for (const statement of MIGRATIONS[name]?.('sqlite') ?? []) connection.exec(statement);
}

/** As a bigint, for a number would become a real one: the column has no type. */
function setSerial(connection: DatabaseSync, table: string, last: number): void {
  connection.prepare('DELETE FROM sqlite_sequence WHERE name = ?').run(table);
  connection.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(table, BigInt(last));
}

function* inLines(changes: Iterable<string>): Generator<string> {
  let line: string[] = [];
  for (const change of changes) {
    line.push(change);
    if (line.length < ROWS_PER_LINE) continue;
    yield `[${line.join(',')}]`;
    line = [];
  }
  if (line.length > 0) yield `[${line.join(',')}]`;
}
