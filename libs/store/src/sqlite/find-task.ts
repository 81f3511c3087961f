import type { Task, TaskKey } from '@orrery/core';
import { toTask, type TaskRow } from '../task-row.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { SELECTED } from './task-columns.ts';

const FIND_LIVE = `SELECT ${SELECTED} FROM task AS t WHERE t.namespace = ? AND t.id = ?`;
const FIND_ENDED = `SELECT ${SELECTED} FROM finished_task AS t WHERE t.namespace = ? AND t.id = ?`;

/** One task, live or ended. */
export function findTask(db: SqliteDatabase, { namespace, id }: TaskKey): Task | undefined {
  const row = db.get<TaskRow>(FIND_LIVE, namespace, id) ?? db.get<TaskRow>(FIND_ENDED, namespace, id);
  return row && toTask(row);
}
