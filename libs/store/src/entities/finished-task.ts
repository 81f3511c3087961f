import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { taskColumns } from './task-columns.ts';

/** Tasks that ended: SUCCEEDED, FAILED and CANCELLED. */
export function finishedTaskEntity(dialect: Dialect) {
  return defineEntity({
    name: 'FinishedTask',
    tableName: 'finished_task',
    properties: taskColumns(dialect),
    indexes: [
      { name: 'finished_task_age', properties: ['finishedAt'] },
      // The dead letters, which are few; what ended well pays nothing for it.
      { name: 'finished_task_failed', properties: ['namespace', 'id'], where: `status = 'FAILED'` },
    ],
  });
}
