import { failTask, leaseLost, releaseTask } from '@orrery/core';
import type { DecidedFailure, LeaseOutcome, LeaseRef } from '@orrery/core';
import { settleLeases } from './settle-leases.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

/** Ends attempts as failed, with what was decided for each. One by one: failures are few, and each rewrites its task's history. */
export function failTasks(
  tx: SqliteTransaction,
  namespace: string,
  failures: readonly DecidedFailure[],
): readonly LeaseOutcome[] {
  return settleLeases(tx, namespace, failures, ({ lease, error, decision, ifExpiresAt }, task, now) => {
    if (ifExpiresAt && task.leaseExpiresAt?.getTime() !== ifExpiresAt.getTime()) throw leaseLost(task.id);
    return failTask(task, lease.token, error, decision, now);
  });
}

/** Hands attempts back. */
export function releaseTasks(
  tx: SqliteTransaction,
  namespace: string,
  leases: readonly LeaseRef[],
): readonly LeaseOutcome[] {
  const released = leases.map((lease) => ({ lease }));
  return settleLeases(tx, namespace, released, ({ lease }, task, now) => releaseTask(task, lease.token, now));
}
