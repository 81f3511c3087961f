import { expireTask, type Task } from '@orrery/core';
import { keepChange } from './keep-change.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { readTask, SELECTED } from './task-columns.ts';

const OVERDUE = `
  SELECT ${SELECTED} FROM task AS t WHERE t.status = 'PENDING' AND t.start_by IS NOT NULL AND t.start_by <= ?
  ORDER BY t.start_by, t.namespace, t.id LIMIT ?`;

/** Ends PENDING tasks as FAILED that were not started within their queue timeout. */
export function expireTasks(tx: SqliteTransaction, limit: number): readonly Task[] {
  return tx.db
    .lists(OVERDUE, tx.now.getTime(), limit)
    .map(readTask)
    .map((task) => {
      const change = expireTask(task, tx.now);
      keepChange(tx, task, change);
      return change.task;
    });
}
