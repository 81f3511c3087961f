import { leaseLost, type ExtendOutcome, type LeaseRef } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { distinctLeases, leaseKey, type ChangedLease } from './lease-outcomes.ts';
import { given, HELD, NOW, statement } from './statement.ts';

/** No revision and no event: nothing has happened to the task. */
const EXTEND = statement(
  'extend_leases',
  `update task set lease_expires_at = ${NOW} + $5::bigint * interval '1 millisecond', updated_at = ${NOW}
  from ${given('unnest($3::text[], $4::text[]) as item (id, token)')}
  where ${HELD}
  returning task.id, lease_token, lease_expires_at, cancel_requested_at is not null as cancel_requested`,
);

const EPOCH = new Date(0);

/** Extends leases from now. */
export async function extendLeases(
  database: Database,
  namespace: string,
  leases: readonly LeaseRef[],
  duration: Duration,
): Promise<readonly ExtendOutcome[]> {
  if (leases.length === 0) return [];
  const distinct = distinctLeases(leases.map((lease) => ({ lease })));
  const rows = await database.query<ChangedLease & { lease_expires_at: number; cancel_requested: boolean }>(EXTEND, [
    database.now(),
    namespace,
    distinct.map(({ lease }) => lease.taskId),
    distinct.map(({ lease }) => lease.token),
    duration.addTo(EPOCH).getTime(),
  ]);
  const extended = new Map(rows.map((row) => [leaseKey(row.id, row.lease_token), row]));
  return leases.map(({ taskId, token }) => {
    const row = extended.get(leaseKey(taskId, token));
    if (!row) return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
    const expiresAt = new Date(row.lease_expires_at);
    return { taskId, expiresAt, cancelRequested: row.cancel_requested, refusal: null };
  });
}
