import { systemClock, type Clock, type Store } from '@orrery/core';
import { NO_OTHERS } from '../no-others.ts';
import { DataFile } from './data-file.ts';
import { GroupCommit } from './group-commit.ts';
import { migrateFile } from './migrate-file.ts';
import { SqliteAudit } from './sqlite-audit.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { SqliteDefinitions } from './sqlite-definitions.ts';
import { SqliteEvents } from './sqlite-events.ts';
import { SqliteFlow } from './sqlite-flow.ts';
import { SqliteSchedules } from './sqlite-schedules.ts';
import { SqliteTasks } from './sqlite-tasks.ts';
import { SqliteTransaction } from './sqlite-transaction.ts';
import { SqliteWorkers } from './sqlite-workers.ts';

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
    tasks: new SqliteTasks(tx, group, clock),
    flow: new SqliteFlow(tx, group, clock),
    schedules: new SqliteSchedules(tx, group),
    workers: new SqliteWorkers(tx, group, clock),
    events: new SqliteEvents(tx, group, clock),
    audit: new SqliteAudit(tx, group),
    definitions: new SqliteDefinitions(tx, group),
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
