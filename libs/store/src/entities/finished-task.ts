import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { hasNoOwnRetention, hasOwnRetention, keptUntilSql } from '../own-retention.ts';
import { taskColumns } from './task-columns.ts';

/** Tasks that ended: SUCCEEDED, FAILED and CANCELLED. */
export function finishedTaskEntity(dialect: Dialect) {
  return defineEntity({
    name: 'FinishedTask',
    tableName: 'finished_task',
    properties: taskColumns(dialect),
    indexes: [
      { name: 'finished_task_age', properties: ['finishedAt'], where: hasNoOwnRetention(dialect) },
      {
        name: 'finished_task_kept',
        expression: `create index finished_task_kept on finished_task (${keptUntilSql(dialect)}) where ${hasOwnRetention(dialect)}`,
      },
      // The dead letters, which are few; what ended well pays nothing for it.
      { name: 'finished_task_failed', properties: ['namespace', 'id'], where: `status = 'FAILED'` },
    ],
  });
}
