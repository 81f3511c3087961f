import { leaseLost, taskCancelled, type Completion, type LeaseOutcome } from '@orrery/core';
import { TASK_COLUMNS, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { distinctLeases, leaseKey, type ChangedLease } from './lease-outcomes.ts';
import { endedRows, EVENT_COLUMNS, eventJson, given, HELD, NOW, statement } from './statement.ts';

/**
 * One statement moves tasks from `task` to `finished_task`, fenced by id, token and status. It asks nothing beforehand: the row
 * lock that DELETE takes is all that is needed.
 */
const COMPLETE = statement(
  'complete_tasks',
  `with ended as (
    delete from task using ${given('unnest($3::text[], $4::text[], $5::bytea[], $6::text[]) as item (id, token, result, result_type)')}
    where ${HELD}
    returning task.*, cancel_requested_at is not null as cancelled, given.result as new_result, given.result_type as new_type),
  kept as (
    insert into finished_task (${TASK_COLUMNS.join(', ')})
    select ${endedRows({
      status: `case when cancelled then 'CANCELLED' else 'SUCCEEDED' end`,
      lease_token: 'case when cancelled then null else lease_token end',
      result: 'case when cancelled then result else new_result end',
      result_type: 'case when cancelled then result_type else new_type end',
      error: 'case when cancelled then error end',
    })}
    from ended
    returning ${EVENT_COLUMNS}),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(${eventJson('lower(status)')}) from kept having count(*) > 0)
  select id, lease_token, cancelled from ended`,
);

/** Leases that ended well before: a completion that is repeated because its answer was lost is accepted again. */
const SUCCEEDED = statement(
  'find_succeeded_leases',
  `select finished_task.id, lease_token
  from finished_task, ${given('unnest($2::text[], $3::text[]) as item (id, token)', '$1')}
  where finished_task.namespace = given.namespace and finished_task.id = given.id and lease_token = token
    and status = 'SUCCEEDED'`,
);

/** Ends attempts as succeeded. */
export async function completeTasks(
  database: Database,
  namespace: string,
  completions: readonly Completion[],
): Promise<readonly LeaseOutcome[]> {
  if (completions.length === 0) return [];
  const distinct = distinctLeases(completions);
  const ended = await database.query<ChangedLease & { cancelled: boolean }>(COMPLETE, [
    database.now(),
    namespace,
    distinct.map(({ lease }) => lease.taskId),
    distinct.map(({ lease }) => lease.token),
    distinct.map(({ result }) => result?.data ?? null),
    distinct.map(({ result }) => result?.contentType ?? null),
  ]);
  const cancelled = new Set(ended.filter((row) => row.cancelled).map((row) => leaseKey(row.id, row.lease_token)));
  const succeeded = new Set(ended.filter((row) => !row.cancelled).map((row) => leaseKey(row.id, row.lease_token)));
  if (ended.length < distinct.length) {
    const rest = distinct.filter(({ lease }) => {
      const key = leaseKey(lease.taskId, lease.token);
      return !cancelled.has(key) && !succeeded.has(key);
    });
    for (const row of await findSucceeded(database, namespace, rest)) succeeded.add(leaseKey(row.id, row.lease_token));
  }
  return completions.map(({ lease: { taskId, token } }) => {
    const key = leaseKey(taskId, token);
    if (succeeded.has(key)) return { taskId, status: 'SUCCEEDED', refusal: null };
    // After the first, a repetition no longer has the lease.
    const refusal = cancelled.delete(key) ? taskCancelled(taskId) : leaseLost(taskId);
    return { taskId, status: null, refusal };
  });
}

function findSucceeded(database: Database, namespace: string, completions: readonly Completion[]) {
  return database.query<Pick<TaskRow, 'id'> & ChangedLease>(SUCCEEDED, [
    namespace,
    completions.map(({ lease }) => lease.taskId),
    completions.map(({ lease }) => lease.token),
  ]);
}
