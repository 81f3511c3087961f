import type { Clock, Store } from '@orrery/core';
import type { GroupCommit } from './group-commit.ts';
import { SqliteAudit } from './sqlite-audit.ts';
import { SqliteDefinitions } from './sqlite-definitions.ts';
import { SqliteEvents } from './sqlite-events.ts';
import { SqliteFlow } from './sqlite-flow.ts';
import { SqliteSchedules } from './sqlite-schedules.ts';
import { SqliteTasks } from './sqlite-tasks.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { SqliteWorkers } from './sqlite-workers.ts';

/** The parts of a store whose tables are SQLite's, wherever these are. */
export function sqliteParts(
  tx: SqliteTransaction,
  group: GroupCommit,
  clock: Clock,
): Omit<Store, 'migrate' | 'listenForTasks' | 'ping' | 'close'> {
  return {
    tasks: new SqliteTasks(tx, group, clock),
    flow: new SqliteFlow(tx, group, clock),
    schedules: new SqliteSchedules(tx, group),
    workers: new SqliteWorkers(tx, group, clock),
    events: new SqliteEvents(tx, group, clock),
    audit: new SqliteAudit(tx, group),
    definitions: new SqliteDefinitions(tx, group),
  };
}
