import type { Clock, Store } from '@orrery/core';
import { ClaimFloors } from './claim-floors.ts';
import { connect } from './connect.ts';
import { Database } from './database.ts';
import { listenForTasks } from './listen-for-tasks.ts';
import { PostgresAudit } from './postgres-audit.ts';
import { PostgresDefinitions } from './postgres-definitions.ts';
import { PostgresEvents } from './postgres-events.ts';
import { PostgresFlow } from './postgres-flow.ts';
import { PostgresSchedules } from './postgres-schedules.ts';
import { PostgresTasks } from './postgres-tasks.ts';
import { PostgresWorkers } from './postgres-workers.ts';
import { statement } from './statement.ts';
import { storageErrorOf } from './storage-errors.ts';

/** Where the database is, and how to use it. */
export interface PostgresStoreOptions {
  /** e.g. "postgresql://user:password@host:5432/database". */
  readonly url: string;
  /** How many connections are kept at most; 10 if not set. */
  readonly poolSize?: number;
  /** Decides the time instead of the database; for tests. */
  readonly clock?: Clock;
}

const DEFAULT_POOL_SIZE = 10;
const PING = statement('ping', 'select 1 as answer');

/**
 * Opens the store on PostgreSQL 14 or newer. Throws a `StorageError` if the server cannot be reached, is too old, is a replica
 * or runs with fsync off.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const pool = await connect(options.url, options.poolSize ?? DEFAULT_POOL_SIZE);
  const database = new Database(pool, options.clock ?? null);
  const flow = new PostgresFlow(database);
  const floors = new ClaimFloors();
  return {
    tasks: new PostgresTasks(database, flow, floors),
    flow,
    schedules: new PostgresSchedules(database),
    workers: new PostgresWorkers(database),
    events: new PostgresEvents(database),
    audit: new PostgresAudit(database),
    definitions: new PostgresDefinitions(database),
    migrate: async () => {
      // MikroORM is only needed here, and costs time and memory to load.
      const { migratePostgres } = await import('./migrate-postgres.ts');
      await migratePostgres(options.url).catch((error: unknown) => {
        throw storageErrorOf(error);
      });
    },
    listenForTasks: (hear) =>
      listenForTasks(options.url, (queues) => {
        // Its transaction may have been long.
        floors.reset();
        hear(queues);
      }),
    ping: async () => {
      await database.query(PING, []);
    },
    close: () => database.close(),
  };
}
