import type { LeaseOutcome, LeaseRef, TaskStatus } from '@orrery/core';
import { TASK_COLUMNS } from '../task-row.ts';
import type { Database } from './database.ts';
import { answerOnce, distinctLeases, type ChangedLease } from './lease-outcomes.ts';
import { endedRows, EVENT_COLUMNS, eventJson, given, HELD, NOW, startBySql, statement } from './statement.ts';

/** Locks first, for the same reason as in fail-tasks.ts. */
const RELEASE = statement(
  'release_tasks',
  `with held as materialized (
    select task.namespace, task.id, token, cancel_requested_at is not null as cancelled
    from task, ${given('unnest($3::text[], $4::text[]) as item (id, token)')}
    where ${HELD}
    for update of task),
  released as (
    update task set status = 'PENDING', attempt = attempt - 1, run_at = ${NOW}, ready = true,
      start_by = ${startBySql(NOW)}, progress = null, heartbeat_at = null, lease_token = null,
      lease_expires_at = null, updated_at = ${NOW}, revision = revision + 1
    from held
    where not cancelled and task.namespace = held.namespace and task.id = held.id
    returning task.id, revision, queue, type, attempt, worker_id, correlation_id, traceparent),
  ended as (
    delete from task using held
    where cancelled and task.namespace = held.namespace and task.id = held.id
    returning task.*),
  kept as (
    insert into finished_task (${TASK_COLUMNS.join(', ')})
    select ${endedRows({ status: `'CANCELLED'` })} from ended
    returning ${EVENT_COLUMNS}),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(event) from (
      select ${eventJson(`'released'`)} as event from released
      union all
      select ${eventJson(`'cancelled'`)} from kept) as events
    having count(*) > 0)
  select id, token as lease_token, case when cancelled then 'CANCELLED' else 'PENDING' end as status from held`,
);

/** Hands attempts back. */
export async function releaseTasks(
  database: Database,
  namespace: string,
  leases: readonly LeaseRef[],
): Promise<readonly LeaseOutcome[]> {
  if (leases.length === 0) return [];
  const items = leases.map((lease) => ({ lease }));
  const distinct = distinctLeases(items);
  const changed = await database.query<ChangedLease & { status: TaskStatus }>(RELEASE, [
    database.now(),
    namespace,
    distinct.map(({ lease }) => lease.taskId),
    distinct.map(({ lease }) => lease.token),
  ]);
  return answerOnce(items, changed, (taskId, { status }) => ({ taskId, status, refusal: null }));
}
