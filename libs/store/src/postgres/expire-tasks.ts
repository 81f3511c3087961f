import { expireTask, type Task } from '@orrery/core';
import { writeTaskError } from '../task-json.ts';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { endedRows, EVENT_COLUMNS, eventJson, NOW, statement, toMillis } from './statement.ts';

const OVERDUE = statement(
  'lock_overdue_tasks',
  `select ${TASK_COLUMNS.join(', ')}, ${toMillis(NOW)}::float8 as now from task
  where status = 'PENDING' and start_by is not null and start_by <= ${NOW}
  order by start_by limit $2
  for update skip locked`,
);

const EXPIRE = statement(
  'expire_tasks',
  `with ended as (
    delete from task using unnest($2::text[], $3::text[], $4::text[]) as given (namespace, id, new_error)
    where task.namespace = given.namespace and task.id = given.id
    returning task.*, new_error),
  kept as (
    insert into finished_task (${TASK_COLUMNS.join(', ')})
    select ${endedRows({ status: `'FAILED'`, error: 'new_error' })} from ended
    returning namespace, ${EVENT_COLUMNS}, error)
  insert into outbox (namespace, at, events)
  select namespace, ${NOW}, json_agg(${eventJson(`'failed'`, 'error::json')}) from kept group by namespace`,
);

/** Ends PENDING tasks as FAILED that were not started within their queue timeout. Rare, so that the pure decision may be taken here. */
export function expireTasks(database: Database, limit: number): Promise<readonly Task[]> {
  return database.transaction(async (connection) => {
    const rows = await connection.query<TaskRow & { readonly now: number }>(OVERDUE, [database.now(), limit]);
    if (rows.length === 0) return [];
    const tasks = rows.map((row) => expireTask(toTask(row), new Date(row.now)).task);
    await connection.query(EXPIRE, [
      database.now(),
      tasks.map(({ namespace }) => namespace),
      tasks.map(({ id }) => id),
      tasks.map(({ error }) => error && writeTaskError(error)),
    ]);
    return tasks;
  });
}
