import {
  compareIds,
  leaseLost,
  MAX_FAILED_ATTEMPTS,
  type DecidedFailure,
  type LeaseOutcome,
  type TaskStatus,
} from '@orrery/core';
import { writeTaskError } from '../task-json.ts';
import { TASK_COLUMNS } from '../task-row.ts';
import type { Database } from './database.ts';
import {
  endedRows,
  EVENT_COLUMNS,
  eventJson,
  fromMillis,
  given,
  HELD,
  NOW,
  startBySql,
  statement,
  toMillis,
} from './statement.ts';

/** The failed attempts with the one that ends now, the oldest left out if there are too many. */
const FAILED_ATTEMPTS = `
  case when jsonb_array_length(failed_attempts) >= ${MAX_FAILED_ATTEMPTS} then failed_attempts - 0
    else coalesce(failed_attempts, '[]') end
  || jsonb_build_array(jsonb_build_object('attempt', attempt, 'worker_id', worker_id,
    'started_at', ${toMillis(`coalesce(started_at, ${NOW})`)}, 'finished_at', ${toMillis(NOW)}, 'error', new_error::jsonb))`;

/**
 * Locks first, since what becomes of a task depends on whether its cancellation was asked for: read without the lock, a request
 * that comes at the same moment would be missed by either branch. Of several items for one lease the first that holds counts.
 */
const FAIL = statement(
  'fail_tasks',
  `with held as materialized (
    select task.namespace, task.id, new_error, delay, position,
      case when cancel_requested_at is not null then 'CANCELLED' when retry then 'PENDING' else 'FAILED' end as next
    from task, ${given(`unnest($3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[], $8::bigint[], $9::int[])
      as item (id, token, new_error, retry, delay, if_expires_at, position)`)}
    where ${HELD} and (if_expires_at is null or lease_expires_at = ${fromMillis('if_expires_at')})
    for update of task),
  first as materialized (select distinct on (id) * from held order by id, position),
  retried as (
    update task set status = 'PENDING', run_at = ${NOW} + delay * interval '1 millisecond', ready = delay <= 0,
      start_by = ${startBySql(`(${NOW} + delay * interval '1 millisecond')`)}, progress = null, heartbeat_at = null,
      error = new_error, failed_attempts = ${FAILED_ATTEMPTS}, lease_token = null, lease_expires_at = null,
      updated_at = ${NOW}, revision = revision + 1
    from first
    where next = 'PENDING' and task.namespace = first.namespace and task.id = first.id
    returning task.id, revision, queue, type, attempt, worker_id, correlation_id, traceparent, error),
  ended as (
    delete from task using first
    where next <> 'PENDING' and task.namespace = first.namespace and task.id = first.id
    returning task.*, next, new_error),
  kept as (
    insert into finished_task (${TASK_COLUMNS.join(', ')})
    select ${endedRows({ status: 'next', error: 'new_error', failed_attempts: FAILED_ATTEMPTS })}
    from ended
    returning ${EVENT_COLUMNS}, error),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(event) from (
      select ${eventJson(`'retry_scheduled'`, 'error::json')} as event from retried
      union all
      select ${eventJson('lower(status)', `case when status = 'FAILED' then error::json end`)} from kept) as events
    having count(*) > 0)
  select position, next as status from first`,
);

const EPOCH = new Date(0);

/** Ends attempts as failed, with what was decided for each. */
export async function failTasks(
  database: Database,
  namespace: string,
  failures: readonly DecidedFailure[],
): Promise<readonly LeaseOutcome[]> {
  if (failures.length === 0) return [];
  const items = failures.map((failure, position) => ({ ...failure, position }));
  items.sort((a, b) => compareIds(a.lease.taskId, b.lease.taskId));
  const changed = await database.query<{ position: number; status: TaskStatus }>(FAIL, [
    database.now(),
    namespace,
    items.map(({ lease }) => lease.taskId),
    items.map(({ lease }) => lease.token),
    items.map(({ error }) => writeTaskError(error)),
    items.map(({ decision }) => decision.retry),
    items.map(({ decision }) => (decision.retry ? decision.delay.addTo(EPOCH).getTime() : null)),
    items.map(({ ifExpiresAt }) => ifExpiresAt?.getTime() ?? null),
    items.map(({ position }) => position),
  ]);
  const statuses = new Map(changed.map(({ position, status }) => [position, status]));
  return failures.map(({ lease: { taskId } }, position) => {
    const status = statuses.get(position);
    return status ? { taskId, status, refusal: null } : { taskId, status: null, refusal: leaseLost(taskId) };
  });
}
