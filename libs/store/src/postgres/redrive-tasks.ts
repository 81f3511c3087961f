import { EXPONENTIAL, redriveTask as decideRedrive, Refusal } from '@orrery/core';
import type { ChangedTask, Task, TaskBatch, TaskKey } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';
import { changeTask } from './change-task.ts';
import type { Database } from './database.ts';
import { takeKeyBack } from './dedup-keys.ts';
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

/** The dedup key; see task-options.ts. */
const KEY = `(options::json ->> 'dedupKey')`;

const WANTED = `namespace = $2 and id = any($3::text[]) and status = 'FAILED' and status = any($4::text[])`;

/** Tasks with a dedup key are only named: whether one may be redriven depends on who has its key. */
const REDRIVE = statement(
  'redrive_tasks',
  `with wanted as materialized (
    select namespace, id from finished_task
    where ${WANTED} and ${KEY} is null
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
  select id, queue, type, status, false as has_key from back
  union all
  select id, queue, type, status, true from finished_task where ${WANTED} and ${KEY} is not null`,
);

/** Sets FAILED tasks PENDING again. */
export async function redriveTasks(database: Database, batch: TaskBatch): Promise<readonly ChangedTask[]> {
  const { namespace, ids, statuses } = batch;
  const rows = await database.query<Redriven>(REDRIVE, [database.now(), namespace, ids, statuses]);
  const keyed = new Set(rows.filter(({ has_key }) => has_key).map(({ id }) => id));
  const changed: ChangedTask[] = rows.flatMap(({ has_key, ...task }) => (has_key ? [] : [task]));
  for (const id of new Set(ids)) {
    if (!keyed.has(id)) continue;
    const task = await redriveTask(database, { namespace, id }).catch(unlessRefusal);
    if (task) changed.push(task);
  }
  return changed;
}

/** Sets a FAILED task PENDING again, if its dedup key is not another's. */
export function redriveTask(database: Database, key: TaskKey): Promise<Task> {
  return changeTask(database, key, decideRedrive, (connection, task) => takeKeyBack(connection, database.now(), task));
}

interface Redriven extends ChangedTask {
  readonly has_key: boolean;
}

function unlessRefusal(error: unknown): null {
  if (error instanceof Refusal) return null;
  throw error;
}
