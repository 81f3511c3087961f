import type { QueueSystem } from './queue-system.ts';

const SYSTEMS = {
  orrery: async () => (await import('./systems/orrery.ts')).orrery,
  'graphile-worker': async () => (await import('./systems/graphile-worker.ts')).graphileWorker,
  'pg-boss': async () => (await import('./systems/pg-boss.ts')).pgBoss,
  bullmq: async () => (await import('./systems/bullmq-redis.ts')).bullmqRedis,
  'bullmq-postgres': async () => (await import('./systems/bullmq-postgres.ts')).bullmqPostgres,
} satisfies Record<string, () => Promise<QueueSystem>>;

/** The systems that can be loaded. */
export type SystemName = keyof typeof SYSTEMS;

/** Loads one system and nothing of the others, so that a worker's memory is that of its own system. */
export function loadSystem(name: SystemName): Promise<QueueSystem> {
  return SYSTEMS[name]();
}
