import { isTerminal, type ListTasks, type Task } from '@orrery/core';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { SqliteDatabase } from './sqlite-database.ts';
import { readTask, SELECTED } from './task-columns.ts';
import { typeMatches } from './type-matches.ts';

/** A page of tasks by id, descending: both tables are walked backwards by their keys and merged lazily. */
export function listTasks(db: SqliteDatabase, query: ListTasks): readonly Task[] {
  return select(db, query, SELECTED).map(readTask);
}

/** The ids of such a page. */
export function listTaskIds(db: SqliteDatabase, query: ListTasks): readonly string[] {
  return select(db, query, 't.id').map(([id]) => String(id));
}

function select(db: SqliteDatabase, query: ListTasks, columns: string): SQLOutputValue[][] {
  const values: SQLInputValue[] = [];
  const place = (value: SQLInputValue) => `?${values.push(value)}`;
  const conditions = conditionsOf(query, place).join(' AND ');
  const selects = tablesOf(query).map((table) => `SELECT ${columns} FROM ${table} WHERE ${conditions}`);
  return db.lists(`${selects.join(' UNION ALL ')} ORDER BY id DESC LIMIT ${place(query.limit)}`, ...values);
}

/** No look at the ended tasks, which may be millions, if only live ones are wanted; dead letters have an index of their own. */
function tablesOf({ statuses }: ListTasks): readonly string[] {
  if (!statuses || statuses.length === 0) return ['task AS t', 'finished_task AS t'];
  if (statuses.every((status) => status === 'FAILED')) return ['finished_task AS t INDEXED BY finished_task_failed'];
  const live = statuses.some((status) => !isTerminal(status)) ? ['task AS t'] : [];
  const ended = statuses.some(isTerminal) ? ['finished_task AS t'] : [];
  return [...live, ...ended];
}

function conditionsOf(query: ListTasks, place: (value: SQLInputValue) => string): readonly string[] {
  const conditions = [`t.namespace = ${place(query.namespace)}`];
  const isIn = (column: string, wanted: readonly string[] | undefined) => {
    if (!wanted || wanted.length === 0) return;
    conditions.push(`t.${column} IN (SELECT value FROM json_each(${place(JSON.stringify(wanted))}))`);
  };
  const compare = (condition: string, value: SQLInputValue | undefined) => {
    if (value !== undefined) conditions.push(`t.${condition} ${place(value)}`);
  };
  const isFailed = query.statuses?.length && query.statuses.every((status) => status === 'FAILED');
  // In these words, or SQLite does not see that the index of the dead letters has them all.
  if (isFailed) conditions.push(`t.status = 'FAILED'`);
  else isIn('status', query.statuses);
  isIn('queue', query.queues);
  if (query.types && query.types.length > 0) conditions.push(typeMatches(query.types, place));
  if (query.labels && Object.keys(query.labels).length > 0)
    conditions.push(labelsMatch(place(JSON.stringify(query.labels))));
  compare('correlation_id =', query.correlationId);
  compare('parent_task_id =', query.parentTaskId);
  compare('created_at >=', query.createdFrom?.getTime());
  compare('created_at <', query.createdBefore?.getTime());
  compare('id <', query.afterId);
  return conditions;
}

/** None of the wanted labels is missing or different. */
function labelsMatch(wanted: string): string {
  return `NOT EXISTS (SELECT 1 FROM json_each(${wanted}) AS want
    WHERE (SELECT has.value FROM json_each(t.labels) AS has WHERE has.key = want.key) IS NOT want.value)`;
}
