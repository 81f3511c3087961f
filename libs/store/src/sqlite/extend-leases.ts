import { attemptDeadline, leaseLost, reportProgress, type ExtendOutcome } from '@orrery/core';
import { extended, type LeaseRef, type ProgressReport } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { readTaskOptions } from '../task-options.ts';
import { findTask } from './find-task.ts';
import { keepChange } from './keep-change.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const EXTEND = `
  UPDATE task SET lease_expires_at = ?, updated_at = ?
  WHERE namespace = ? AND id = ? AND lease_token = ? AND status = 'RUNNING'
  RETURNING cancel_requested_at, options, started_at, heartbeat_at`;

const CUT = 'UPDATE task SET lease_expires_at = ? WHERE namespace = ? AND id = ?';

const ALIVE = 'UPDATE task SET heartbeat_at = ? WHERE namespace = ? AND id = ? AND lease_token = ?';

interface Extended {
  readonly cancel_requested_at: number | null;
  readonly options: string | null;
  readonly started_at: number | null;
  readonly heartbeat_at: number | null;
}

/** Extends leases from now, none beyond its attempt's deadline. */
export function extendLeases(
  tx: SqliteTransaction,
  namespace: string,
  leases: readonly LeaseRef[],
  duration: Duration,
): readonly ExtendOutcome[] {
  return leases.map((lease) => extendLease(tx, namespace, lease, duration));
}

function extendLease(
  { db, now }: SqliteTransaction,
  namespace: string,
  { taskId, token }: LeaseRef,
  duration: Duration,
): ExtendOutcome {
  const end = duration.addTo(now);
  const row = db.get<Extended>(EXTEND, end.getTime(), now.getTime(), namespace, taskId, token);
  if (!row) return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
  const cancelRequested = row.cancel_requested_at !== null;
  const deadline = deadlineOf(row);
  if (!deadline || deadline >= end) return { taskId, expiresAt: end, isOver: false, cancelRequested, refusal: null };
  db.run(CUT, deadline.getTime(), namespace, taskId);
  return { taskId, expiresAt: deadline, isOver: deadline <= now, cancelRequested, refusal: null };
}

function deadlineOf({ options, started_at, heartbeat_at }: Extended): Date | undefined {
  if (options === null) return undefined;
  const startedAt = started_at === null ? null : new Date(started_at);
  const heartbeatAt = heartbeat_at === null ? null : new Date(heartbeat_at);
  return attemptDeadline({ ...readTaskOptions(options), startedAt, heartbeatAt })?.at;
}

/** Takes what handlers say of themselves, and extends their leases. One by one: workers gather reports, and few tasks make any. */
export function reportAll(
  tx: SqliteTransaction,
  namespace: string,
  reports: readonly ProgressReport[],
  duration: Duration,
): readonly ExtendOutcome[] {
  return reports.map(({ lease, progress }) => {
    const { taskId, token } = lease;
    if (!progress) {
      tx.db.run(ALIVE, tx.now.getTime(), namespace, taskId, token);
      return extendLease(tx, namespace, lease, duration);
    }
    const task = findTask(tx.db, { namespace, id: taskId });
    if (task?.status !== 'RUNNING' || task.leaseToken !== token)
      return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
    const change = reportProgress(task, token, progress, duration, tx.now);
    keepChange(tx, task, change);
    return extended(change.task, tx.now);
  });
}
