import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';
import { taskColumns } from './task-columns.ts';

const READY = `status = 'PENDING' and ready and flow_key is null`;
const PRIOR = `${READY} and priority <> 0`;
const BY_PRIORITY = `(namespace, queue, priority desc, created_at, id) where ${PRIOR}`;
const KEYED = `status = 'PENDING' and ready and flow_key is not null`;
const KEYED_BY_PRIORITY = `(namespace, queue, flow_key, type, priority desc, created_at, id) where ${KEYED}`;

/** Live tasks: PENDING and RUNNING. Ended ones leave, so that this table stays as small as the work at hand. */
export function taskEntity(dialect: Dialect) {
  return defineEntity({
    name: 'Task',
    tableName: 'task',
    properties: {
      ...taskColumns(dialect),
      /** Whether a PENDING task's time has come; claims look at nothing else. */
      ready: columns(dialect).flag(),
      /** Until when a PENDING task may be started, by its queue timeout; null: at any time. */
      startBy: columns(dialect).instant().nullable(),
    },
    indexes: [
      // Most tasks have no priority: they pay for one index, and those that have one for two.
      { name: 'task_ready', properties: ['namespace', 'queue', 'createdAt', 'id'], where: `${READY} and priority = 0` },
      { name: 'task_ready_by_age', properties: ['namespace', 'queue', 'createdAt', 'id'], where: PRIOR },
      // MikroORM does not read the direction of a column from SQLite, so there the index is compared by its name only.
      dialect === 'sqlite'
        ? { name: 'task_ready_by_priority', expression: `create index task_ready_by_priority on task ${BY_PRIORITY}` }
        : {
            name: 'task_ready_by_priority',
            columns: [
              { name: 'namespace' },
              { name: 'queue' },
              { name: 'priority', sort: 'DESC' },
              { name: 'createdAt' },
              { name: 'id' },
            ],
            properties: ['namespace', 'queue', 'priority', 'createdAt', 'id'],
            where: PRIOR,
          },
      // Tasks with a key wait apart, so that those without pay nothing for them.
      {
        name: 'task_keyed_by_age',
        properties: ['namespace', 'queue', 'flowKey', 'type', 'createdAt', 'id'],
        where: KEYED,
      },
      dialect === 'sqlite'
        ? {
            name: 'task_keyed_by_priority',
            expression: `create index task_keyed_by_priority on task ${KEYED_BY_PRIORITY}`,
          }
        : {
            name: 'task_keyed_by_priority',
            columns: [
              { name: 'namespace' },
              { name: 'queue' },
              { name: 'flowKey' },
              { name: 'type' },
              { name: 'priority', sort: 'DESC' },
              { name: 'createdAt' },
              { name: 'id' },
            ],
            properties: ['namespace', 'queue', 'flowKey', 'type', 'priority', 'createdAt', 'id'],
            where: KEYED,
          },
      {
        name: 'task_keyed_running',
        properties: ['namespace', 'flowKey', 'queue', 'type'],
        where: `status = 'RUNNING' and flow_key is not null`,
      },
      { name: 'task_waiting', properties: ['runAt'], where: `status = 'PENDING' and not ready` },
      // Only tasks with a queue timeout are in it.
      { name: 'task_start_by', properties: ['startBy'], where: `status = 'PENDING' and start_by is not null` },
      { name: 'task_lease', properties: ['leaseExpiresAt'], where: `status = 'RUNNING'` },
    ],
  });
}
