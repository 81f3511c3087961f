import type { ChangedTask, TaskBatch } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';
import type { Database } from './database.ts';
import { endedRows, EVENT_COLUMNS, eventJson, NOW, statement } from './statement.ts';

/** Locks first, in the order of the ids, since what becomes of a task depends on whether a worker takes it at the same moment. */
const CANCEL = statement(
  'cancel_tasks',
  `with wanted as materialized (
    select namespace, id, status as before from task
    where namespace = $2 and id = any($3::text[]) and status = any($4::text[]) and cancel_requested_at is null
    order by id for update),
  asked as (
    update task set cancel_requested_at = ${NOW}, updated_at = ${NOW}, revision = revision + 1
    from wanted
    where before = 'RUNNING' and task.namespace = wanted.namespace and task.id = wanted.id
    returning ${EVENT_COLUMNS.split(', ')
      .map((column) => `task.${column}`)
      .join(', ')}),
  ended as (
    delete from task using wanted
    where before = 'PENDING' and task.namespace = wanted.namespace and task.id = wanted.id
    returning task.*),
  kept as (
    insert into finished_task (${TASK_COLUMNS.join(', ')})
    select ${endedRows({ status: `'CANCELLED'` })} from ended
    returning ${EVENT_COLUMNS}),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(event) from (
      select ${eventJson(`'cancel_requested'`)} as event from asked
      union all
      select ${eventJson(`'cancelled'`)} from kept) as events
    having count(*) > 0)
  select id, queue, type, status from asked union all select id, queue, type, status from kept`,
);

/** Cancels many tasks: the PENDING ones at once, the RUNNING ones by request. */
export function cancelTasks(database: Database, batch: TaskBatch): Promise<readonly ChangedTask[]> {
  return database.query(CANCEL, [database.now(), batch.namespace, batch.ids, batch.statuses]);
}
