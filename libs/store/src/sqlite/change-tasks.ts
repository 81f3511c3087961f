import { unlessRefused, type Change, type ChangedTask, type Task, type TaskBatch } from '@orrery/core';
import { findTask } from './find-task.ts';
import { keepChange } from './keep-change.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

/** Changes each of many tasks as is decided from how it stands; what is refused or needs no change stays as it is. */
export function changeTasks(
  tx: SqliteTransaction,
  batch: TaskBatch,
  decide: (task: Task, now: Date) => Change | null,
): readonly ChangedTask[] {
  return chosenTasks(tx, batch).flatMap((task) => {
    const change = unlessRefused(() => decide(task, tx.now));
    if (!change) return [];
    keepChange(tx, task, change);
    return [change.task];
  });
}

/** The tasks of a batch as they now are. */
export function chosenTasks({ db }: SqliteTransaction, { namespace, ids, statuses }: TaskBatch): readonly Task[] {
  const tasks = [...new Set(ids)].flatMap((id) => findTask(db, { namespace, id }) ?? []);
  return tasks.filter(({ status }) => statuses.includes(status));
}
