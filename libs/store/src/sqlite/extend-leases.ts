import { leaseLost, type ExtendOutcome, type LeaseRef } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const EXTEND = `
  UPDATE task SET lease_expires_at = ?, updated_at = ?
  WHERE namespace = ? AND id = ? AND lease_token = ? AND status = 'RUNNING'
  RETURNING cancel_requested_at`;

/** Extends leases from now. */
export function extendLeases(
  { db, now }: SqliteTransaction,
  namespace: string,
  leases: readonly LeaseRef[],
  duration: Duration,
): readonly ExtendOutcome[] {
  const expiresAt = duration.addTo(now);
  return leases.map(({ taskId, token }) => {
    const values = [expiresAt.getTime(), now.getTime(), namespace, taskId, token];
    const row = db.get<{ readonly cancel_requested_at: number | null }>(EXTEND, ...values);
    if (!row) return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
    return { taskId, expiresAt, cancelRequested: row.cancel_requested_at !== null, refusal: null };
  });
}
