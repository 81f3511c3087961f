import { matchesTypes, type ListTasks, type Task } from '@orrery/core';
import { takeWhere } from './take-where.ts';
import type { Row, TaskTable } from './task-table.ts';

/** The page of tasks that a query asks for. */
export function chooseListed(table: TaskTable, query: ListTasks): readonly Task[] {
  const rows = table.inNamespace(query.namespace);
  const { afterId } = query;
  const descending = afterId === undefined ? rows.backwards() : rows.before(markAt(afterId));
  return takeWhere(descending, query.limit, (row) => isListed(query, row.task)).map((row) => row.task);
}

/** Whether a task is among those a query asks for, whatever page it is on. */
function isListed(query: ListTasks, task: Task): boolean {
  return (
    isAmong(query.statuses, task.status) &&
    isAmong(query.queues, task.queue) &&
    matchesTypes(query.types ?? [], task.type) &&
    Object.entries(query.labels ?? {}).every(([key, value]) => task.labels[key] === value) &&
    (query.correlationId === undefined || task.correlationId === query.correlationId) &&
    (query.parentTaskId === undefined || task.parentTaskId === query.parentTaskId) &&
    (query.createdFrom === undefined || task.createdAt >= query.createdFrom) &&
    (query.createdBefore === undefined || task.createdAt < query.createdBefore)
  );
}

function isAmong<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.includes(value);
}

// The list of a namespace is ordered by id alone, so that nothing else of the mark is ever looked at.
function markAt(id: string): Row {
  return { task: { id } as Task, ready: false };
}
