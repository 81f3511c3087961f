import { deleteTask, type ChangedTask, type TaskBatch } from '@orrery/core';
import { chosenTasks } from './change-tasks.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { tableOf } from './task-columns.ts';

const DELETE = {
  task: 'DELETE FROM task WHERE namespace = ? AND id = ?',
  finished_task: 'DELETE FROM finished_task WHERE namespace = ? AND id = ?',
} as const;

/** Deletes tasks, and tells of it. */
export function deleteTasks(tx: SqliteTransaction, batch: TaskBatch): readonly ChangedTask[] {
  return chosenTasks(tx, batch).map((task) => {
    tx.db.run(DELETE[tableOf(task)], task.namespace, task.id);
    tx.tell(deleteTask(task, tx.now));
    return task;
  });
}
