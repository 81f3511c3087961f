import { leaseLost, type ExtendOutcome, type LeaseRef, type ProgressReport } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { distinctLeases, leaseKey, type ChangedLease } from './lease-outcomes.ts';
import { writeProgress } from '../task-json.ts';
import { eventJson, given, HELD, leaseEndSql, NOW, statement } from './statement.ts';

const DURATION = `$5::bigint * interval '1 millisecond'`;

/** What a worker hears of a lease that was extended. */
const ANSWER = `task.id, lease_token, lease_expires_at, lease_expires_at <= ${NOW} as is_over,
  cancel_requested_at is not null as cancel_requested`;

/** No revision and no event: nothing has happened to the task. */
const EXTEND = statement(
  'extend_leases',
  `update task set lease_expires_at = ${leaseEndSql(DURATION, 'heartbeat_at')}, updated_at = ${NOW}
  from ${given('unnest($3::text[], $4::text[]) as item (id, token)')}
  where ${HELD}
  returning ${ANSWER}`,
);

/** A report without progress says only that the handler is alive: nobody is told of it. */
const REPORT = statement(
  'report_progress',
  `with alive as (
    update task set lease_expires_at = ${leaseEndSql(DURATION, NOW)}, updated_at = ${NOW}, heartbeat_at = ${NOW},
      progress = coalesce(new_progress, progress),
      revision = revision + case when new_progress is null then 0 else 1 end
    from ${given('unnest($3::text[], $4::text[], $6::text[]) as item (id, token, new_progress)')}
    where ${HELD}
    returning ${ANSWER}, new_progress, revision, queue, type, attempt, worker_id, correlation_id, traceparent),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, json_agg(${eventJson(`'progressed'`, 'null', 'new_progress::json')})
    from alive where new_progress is not null having count(*) > 0)
  select * from alive`,
);

const EPOCH = new Date(0);

interface Extended extends ChangedLease {
  readonly lease_expires_at: number;
  readonly is_over: boolean;
  readonly cancel_requested: boolean;
}

/** Extends leases from now, none beyond its attempt's deadline. */
export async function extendLeases(
  database: Database,
  namespace: string,
  leases: readonly LeaseRef[],
  duration: Duration,
): Promise<readonly ExtendOutcome[]> {
  if (leases.length === 0) return [];
  const distinct = distinctLeases(leases.map((lease) => ({ lease })));
  const values = valuesOf(database, namespace, distinct, duration);
  return answer(leases, await database.query<Extended>(EXTEND, values));
}

/** Takes what handlers say of themselves, and extends their leases; of several reports on one lease the last counts. */
export async function reportProgress(
  database: Database,
  namespace: string,
  reports: readonly ProgressReport[],
  duration: Duration,
): Promise<readonly ExtendOutcome[]> {
  if (reports.length === 0) return [];
  const distinct = distinctLeases(reports.toReversed());
  const values = valuesOf(database, namespace, distinct, duration);
  const progress = distinct.map((report) => writeProgress(report.progress));
  const rows = await database.query<Extended>(REPORT, [...values, progress]);
  return answer(
    reports.map(({ lease }) => lease),
    rows,
  );
}

function valuesOf(
  database: Database,
  namespace: string,
  distinct: readonly { readonly lease: LeaseRef }[],
  duration: Duration,
): readonly unknown[] {
  return [
    database.now(),
    namespace,
    distinct.map(({ lease }) => lease.taskId),
    distinct.map(({ lease }) => lease.token),
    duration.addTo(EPOCH).getTime(),
  ];
}

function answer(leases: readonly LeaseRef[], rows: readonly Extended[]): readonly ExtendOutcome[] {
  const extended = new Map(rows.map((row) => [leaseKey(row.id, row.lease_token), row]));
  return leases.map(({ taskId, token }) => {
    const row = extended.get(leaseKey(taskId, token));
    if (!row) return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
    const expiresAt = new Date(row.lease_expires_at);
    return { taskId, expiresAt, isOver: row.is_over, cancelRequested: row.cancel_requested, refusal: null };
  });
}
