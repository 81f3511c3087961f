import type { SystemName } from './load-system.ts';
import type { Connection } from './queue-system.ts';
import { type NodeOptions, startServices, startStandalone } from './servers/start-orrery.ts';
import { type AppendFsync, startNats, startPostgres, startRedis } from './servers/start-storage.ts';

/** A system in one of its set-ups, as it is measured. */
export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly system: SystemName;
  readonly storage: 'SQLite' | 'PostgreSQL' | 'Redis';
  /** Starts empty storage and the servers, which end with the stack; `nodeOptions` are for each server that is Node, by name. */
  start(ground: AsyncDisposableStack, nodeOptions: NodeOptions): Promise<Connection>;
}

/** Everything that is measured side by side. */
export const CONTENDERS: readonly Contender[] = [
  {
    id: 'orrery-sqlite',
    title: 'Orrery (SQLite, standalone)',
    system: 'orrery',
    storage: 'SQLite',
    start: startStandalone,
  },
  {
    id: 'orrery-postgres',
    title: 'Orrery (PostgreSQL, separate services)',
    system: 'orrery',
    storage: 'PostgreSQL',
    start: async (ground, nodeOptions) =>
      startServices(ground, { databaseUrl: await startPostgres(ground), nodeOptions }),
  },
  {
    id: 'orrery-nats',
    title: 'Orrery (PostgreSQL and NATS, separate services)',
    system: 'orrery',
    storage: 'PostgreSQL',
    start: async (ground, nodeOptions) => {
      const [databaseUrl, natsUrl] = await Promise.all([startPostgres(ground), startNats(ground)]);
      return startServices(ground, { databaseUrl, natsUrl, nodeOptions });
    },
  },
  onPostgres('graphile-worker', 'graphile-worker', 'graphile-worker (PostgreSQL)'),
  onPostgres('pg-boss', 'pg-boss', 'pg-boss (PostgreSQL, polling)'),
  onPostgres('pg-boss-notify', 'pg-boss', 'pg-boss (PostgreSQL, notify)', { notify: true }),
  onRedis('bullmq', 'BullMQ (Redis, AOF everysec)', 'everysec'),
  onRedis('bullmq-fsync', 'BullMQ (Redis, fsync always)', 'always'),
  onPostgres('bullmq-postgres', 'bullmq-postgres', 'BullMQ (PostgreSQL)'),
];

/** Whether a contender is Orrery rather than a peer. */
export function isOrrery(contender: Contender): boolean {
  return contender.system === 'orrery';
}

function onPostgres(id: string, system: SystemName, title: string, more: { notify?: boolean } = {}): Contender {
  return {
    id,
    title,
    system,
    storage: 'PostgreSQL',
    start: async (ground) => ({ url: await startPostgres(ground), ...more }),
  };
}

function onRedis(id: string, title: string, appendFsync: AppendFsync): Contender {
  return {
    id,
    title,
    system: 'bullmq',
    storage: 'Redis',
    start: async (ground) => ({ url: await startRedis(ground, appendFsync) }),
  };
}
