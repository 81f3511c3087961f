import { EXPONENTIAL, type ChangedTask, type TaskBatch } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';
import type { Database } from './database.ts';
import { EVENT_COLUMNS, eventJson, NOW, startBySql, statement } from './statement.ts';

/** The attempts that the retry policy gives a new task; see task-options.ts. */
const ATTEMPTS = `coalesce((options::json -> 'retry' ->> 'maxAttempts')::int, ${EXPONENTIAL.maxAttempts})`;

const NEW_VALUES: Partial<Record<(typeof TASK_COLUMNS)[number], string>> = {
  status: `'PENDING'`,
  run_at: NOW,
  max_attempts: `attempt + ${ATTEMPTS}`,
  updated_at: NOW,
  finished_at: 'null',
  progress: 'null',
  revision: 'revision + 1',
};

const REDRIVE = statement(
  'redrive_tasks',
  `with wanted as materialized (
    select namespace, id from finished_task
    where namespace = $2 and id = any($3::text[]) and status = 'FAILED' and status = any($4::text[])
    order by id for update),
  gone as (
    delete from finished_task using wanted
    where finished_task.namespace = wanted.namespace and finished_task.id = wanted.id
    returning finished_task.*),
  back as (
    insert into task (${TASK_COLUMNS.join(', ')}, ready, start_by)
    select ${TASK_COLUMNS.map((name) => NEW_VALUES[name] ?? name).join(', ')}, true, ${startBySql(NOW)} from gone
    returning ${EVENT_COLUMNS}),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(${eventJson(`'redriven'`)}) from back having count(*) > 0)
  select id, queue, type, status from back`,
);

/** Sets FAILED tasks PENDING again. */
export function redriveTasks(database: Database, batch: TaskBatch): Promise<readonly ChangedTask[]> {
  return database.query(REDRIVE, [database.now(), batch.namespace, batch.ids, batch.statuses]);
}
