import type { Task, TaskEvent } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { CHANGING, changingValues, readyFlag, startByValue, tableOf } from './task-columns.ts';

const place = new Map<string, string>(CHANGING.map((column, index) => [column, `?${index + 1}`]));
const [NAMESPACE, ID, READY, START_BY] = [1, 2, 3, 4].map((offset) => `?${CHANGING.length + offset}`);
const THE_TASK = `WHERE namespace = ${NAMESPACE} AND id = ${ID}`;
const ALL = TASK_COLUMNS.join(', ');
// What does not change is copied inside the database, payload included.
const ALL_CHANGED = TASK_COLUMNS.map((column) => place.get(column) ?? column).join(', ');

const UPDATE = `UPDATE task SET ${CHANGING.map((column) => `${column} = ${place.get(column)}`).join(', ')}, ready = ${READY}, start_by = ${START_BY} ${THE_TASK}`;
const END = `INSERT INTO finished_task (${ALL}) SELECT ${ALL_CHANGED} FROM task ${THE_TASK}`;
const REVIVE = `INSERT INTO task (${ALL}, ready, start_by) SELECT ${ALL_CHANGED}, ${READY}, ${START_BY} FROM finished_task ${THE_TASK}`;
const DELETE_LIVE = 'DELETE FROM task WHERE namespace = ? AND id = ?';
const DELETE_ENDED = 'DELETE FROM finished_task WHERE namespace = ? AND id = ?';

/** Writes what became of one task, moving it to the table it now belongs to, and tells of it. */
export function keepChange(
  tx: SqliteTransaction,
  before: Task,
  { task, event }: { readonly task: Task; readonly event: TaskEvent | null },
): void {
  const { namespace, id } = task;
  const values = [...changingValues(task), namespace, id];
  if (tableOf(task) === 'finished_task') {
    tx.db.run(END, ...values);
    tx.db.run(DELETE_LIVE, namespace, id);
  } else if (tableOf(before) === 'finished_task') {
    tx.db.run(REVIVE, ...values, readyFlag(task, tx.now), startByValue(task));
    tx.db.run(DELETE_ENDED, namespace, id);
  } else {
    tx.db.run(UPDATE, ...values, readyFlag(task, tx.now), startByValue(task));
  }
  if (event) tx.tell(event);
}
