import { taskNotFound, type Change, type Task, type TaskKey } from '@orrery/core';
import { findTask } from './find-task.ts';
import { keepChange } from './keep-change.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

/** Changes one task as is decided from how it stands; null: it stays so. Throws a `Refusal` if there is no such task. */
export function changeTask(
  tx: SqliteTransaction,
  key: TaskKey,
  decide: (task: Task, now: Date) => Change | null,
): Task {
  const task = findTask(tx.db, key);
  if (!task) throw taskNotFound(key.namespace, key.id);
  const change = decide(task, tx.now);
  if (change) keepChange(tx, task, change);
  return change?.task ?? task;
}
