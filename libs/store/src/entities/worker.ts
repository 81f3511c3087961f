import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** The worker registry's record. */
export function workerEntity(dialect: Dialect) {
  const { name, instant, text, integer, count } = columns(dialect);
  return defineEntity({
    name: 'Worker',
    tableName: 'worker',
    properties: {
      namespace: name().primary(),
      id: name().primary(),
      /** A JSON array. */
      queues: text(),
      /** A JSON array. */
      types: text(),
      concurrency: integer(),
      hostname: text(),
      processId: integer(),
      sdk: text(),
      /** A JSON object. */
      labels: text(),
      state: text(),
      running: integer(),
      succeeded: count(),
      failed: count(),
      lastFinishAt: instant().nullable(),
      registeredAt: instant(),
      heartbeatAt: instant(),
      revision: integer(),
    },
    indexes: [{ name: 'worker_heartbeat', properties: ['heartbeatAt'] }],
  });
}
