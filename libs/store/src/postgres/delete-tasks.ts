import type { ChangedTask, TaskBatch } from '@orrery/core';
import type { Database } from './database.ts';
import { eventJson, NOW, statement } from './statement.ts';

const GONE = 'id, revision + 1 as revision, queue, type, attempt, worker_id, correlation_id, traceparent, status';

function deletion(table: string): string {
  return `delete from ${table}
    where namespace = $2 and id = any($3::text[]) and status = any($4::text[])
    returning ${GONE}`;
}

const DELETE = statement(
  'delete_tasks',
  `with ended as (${deletion('finished_task')}),
  live as (${deletion('task')}),
  gone as (select * from ended union all select * from live),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(${eventJson(`'deleted'`, 'null', 'status')}) from gone having count(*) > 0)
  select id, queue, type, status from gone`,
);

/** Deletes tasks, and tells of it. */
export function deleteTasks(database: Database, batch: TaskBatch): Promise<readonly ChangedTask[]> {
  return database.query(DELETE, [database.now(), batch.namespace, batch.ids, batch.statuses]);
}
