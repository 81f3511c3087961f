import { mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError } from '@orrery/core';
import { FileLock } from './file-lock.ts';
import { storageFailure } from './storage-failure.ts';

/** How long a statement waits while a tool of the operator has the file locked. */
const BUSY_TIMEOUT_MS = 5000;

// FULL: a commit is on the disk before anyone hears of it. Larger pages (8, 16 KiB) and rarer checkpoints (4,000, 16,000 pages)
// were measured and made no difference, so those are SQLite's own. A larger cache costs each commit that has freed pages a look at all
// of it (32 MiB: 800 µs of the processor a commit, 8 MiB: 450 µs), and the system caches the file anyway.
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -8192;
  PRAGMA journal_size_limit = 67108864;`;

/**
 * A data file opened for writing, locked against other processes. While it is open its `user_version` is the id of the process,
 * and 0 when it was closed properly: so a second process can say who has it, and a crash is noticed at the next opening.
 */
export class DataFile {
  readonly path: string;
  readonly connection: DatabaseSync;
  readonly #lock: FileLock;

  private constructor(path: string, connection: DatabaseSync, lock: FileLock) {
    this.path = path;
    this.connection = connection;
    this.#lock = lock;
  }

  /** Opens the file, or makes it and its directory. Throws `StorageError` if another process has it or if it is damaged. */
  static open(givenPath: string): DataFile {
    const path = realPath(givenPath);
    const lock = FileLock.take(path, () => heldByAnother(path));
    let connection: DatabaseSync | undefined;
    try {
      connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      prepare(path, connection);
      return new DataFile(path, connection, lock);
    } catch (error) {
      connection?.close();
      lock.release();
      throw storageFailure(error);
    }
  }

  /** Closes the file and lets others have it. */
  close(): void {
    try {
      this.connection.exec('PRAGMA user_version = 0');
      this.connection.close();
    } catch (error) {
      throw storageFailure(error);
    } finally {
      this.#lock.release();
    }
  }
}

function prepare(path: string, connection: DatabaseSync): void {
  const mode = connection.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (mode !== 'wal')
    throw new StorageError(`"${path}" cannot be written to with a log (${String(mode)})`, { transient: false });
  connection.exec(SETTINGS);
  if (userOf(connection) !== 0) check(path, connection);
  connection.exec(`PRAGMA user_version = ${process.pid}`);
}

/** After a crash: every page is read, so that damage is found now and not in a year's time. */
function check(path: string, connection: DatabaseSync): void {
  const findings = connection
    .prepare('PRAGMA quick_check(10)')
    .all()
    .map((row) => String(row['quick_check']));
  if (findings.length === 1 && findings[0] === 'ok') return;
  throw new StorageError(`"${path}" is damaged: ${findings.join('; ')}`, { transient: false });
}

/** The path without links, so that one file has one lock whatever it is called. */
function realPath(path: string): string {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw new StorageError(`the directory of "${path}" cannot be made`, { cause: error, transient: false });
  }
}

function heldByAnother(path: string): StorageError {
  const holder = holderOf(path);
  const name = holder === 0 ? 'another process' : `process ${holder}`;
  return new StorageError(`"${path}" is in use by ${name}; only one process at a time can write to it`, {
    transient: false,
  });
}

function holderOf(path: string): number {
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
    return userOf(connection);
  } catch {
    // The holder is only just making the file.
    return 0;
  } finally {
    connection?.close();
  }
}

function userOf(connection: DatabaseSync): number {
  return Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
}
