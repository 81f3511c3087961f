import type { Task, TaskKey } from '@orrery/core';
import type { SqliteDatabase } from './sqlite-database.ts';
import { readTask, SELECTED } from './task-columns.ts';

const FIND_LIVE = `SELECT ${SELECTED} FROM task AS t WHERE t.namespace = ? AND t.id = ?`;
const FIND_ENDED = `SELECT ${SELECTED} FROM finished_task AS t WHERE t.namespace = ? AND t.id = ?`;

/** One task, live or ended. */
export function findTask(db: SqliteDatabase, { namespace, id }: TaskKey): Task | undefined {
  const row = db.lists(FIND_LIVE, namespace, id)[0] ?? db.lists(FIND_ENDED, namespace, id)[0];
  return row && readTask(row);
}
