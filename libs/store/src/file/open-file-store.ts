import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError, systemClock, type Clock, type Store } from '@orrery/core';
import { NO_OTHERS } from '../no-others.ts';
import { FileLock } from '../sqlite/file-lock.ts';
import { GroupCommit } from '../sqlite/group-commit.ts';
import { SqliteDatabase } from '../sqlite/sqlite-database.ts';
import { sqliteParts } from '../sqlite/sqlite-parts.ts';
import { SqliteTransaction } from '../sqlite/sqlite-transaction.ts';
import { JournaledDatabase } from './journaled-database.ts';
import { makeDirectory } from './journal.ts';

/**
 * Opens a store that keeps everything in memory and in a journal, a file of JSON lines in a directory of its own, which is made if
 * need be: for one process, and for what fits into its memory. The tables are SQLite's, so that there is one set of statements;
 * nothing of SQLite's is on the disk but the lock. Throws a `StorageError` if another process has the directory, or saying what is
 * damaged.
 */
export async function openFileStore({
  directory,
  clock = systemClock,
}: {
  readonly directory: string;
  readonly clock?: Clock;
}): Promise<Store> {
  makeDirectory(directory);
  // Without links, so that one directory has one lock whatever it is called.
  const path = realpathSync(directory);
  const lock = FileLock.take(join(path, 'journal'), () => heldByAnother(path));
  let database: JournaledDatabase;
  try {
    database = JournaledDatabase.open(path);
  } catch (error) {
    lock.release();
    throw error;
  }
  const db = new SqliteDatabase(database.connection);
  const tx = new SqliteTransaction(db, clock, database);
  const group = new GroupCommit(tx);
  let isOpen = true;
  return {
    ...sqliteParts(tx, group, clock),
    async migrate() {
      // Done when it was opened: the tables are made anew each time.
    },
    listenForTasks: () => NO_OTHERS,
    async ping() {
      db.get('SELECT 1');
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      group.close();
      database.close();
      lock.release();
    },
  };
}

function heldByAnother(directory: string): StorageError {
  const message = `"${directory}" is in use by another process; only one at a time can have it`;
  return new StorageError(message, { transient: false });
}
