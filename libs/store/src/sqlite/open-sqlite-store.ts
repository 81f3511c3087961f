import { systemClock, type Clock, type Store } from '@orrery/core';
import { NO_OTHERS } from '../no-others.ts';
import { DataFile } from './data-file.ts';
import { GroupCommit } from './group-commit.ts';
import { migrateFile } from './migrate-file.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { sqliteParts } from './sqlite-parts.ts';
import { SqliteTransaction } from './sqlite-transaction.ts';

/**
 * Opens a store that keeps everything in one file, which is made if need be, its directory too. One process has it at a time:
 * throws a `StorageError` naming the other, or saying what is damaged.
 */
export async function openSqliteStore({
  path,
  clock = systemClock,
}: {
  readonly path: string;
  readonly clock?: Clock;
}): Promise<Store> {
  const file = DataFile.open(path);
  const db = new SqliteDatabase(file.connection);
  const tx = new SqliteTransaction(db, clock);
  const group = new GroupCommit(tx);
  let isOpen = true;
  return {
    ...sqliteParts(tx, group, clock),
    async migrate() {
      await migrateFile(file.path);
    },
    // The file is this process's alone.
    listenForTasks: () => NO_OTHERS,
    async ping() {
      db.get('SELECT 1');
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      group.close();
      file.close();
    },
  };
}
