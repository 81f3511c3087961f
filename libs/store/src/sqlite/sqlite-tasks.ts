import * as commands from '@orrery/core';
import type {
  ChangedTask,
  ClaimTasks,
  Clock,
  Completion,
  CreateOutcome,
  CreateTasks,
  DecidedFailure,
  ExtendOutcome,
  LeaseOutcome,
  LeaseRef,
  ListTasks,
  ProgressReport,
  Promotion,
  QueueStats,
  Task,
  TaskBatch,
  TaskKey,
  TaskStatus,
  TaskStore,
} from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { changeTask } from './change-task.ts';
import { changeTasks } from './change-tasks.ts';
import { claimTasks } from './claim-tasks.ts';
import { completeTasks } from './complete-tasks.ts';
import { countTasks } from './count-tasks.ts';
import { createTasks } from './create-tasks.ts';
import { purgeDedupKeys, redriveWithin } from './dedup-keys.ts';
import { deleteTasks } from './delete-tasks.ts';
import { expireTasks } from './expire-tasks.ts';
import { extendLeases, reportAll } from './extend-leases.ts';
import { failTasks, releaseTasks } from './fail-tasks.ts';
import type { GroupCommit } from './group-commit.ts';
import { listTaskIds, listTasks } from './list-tasks.ts';
import { promoteDueTasks } from './promote-due-tasks.ts';
import { getTasks, listCancelRequests, listExpiredLeases, listWorkerLeases } from './read-tasks.ts';
import { hasNoOwnRetention, hasOwnRetention, keptUntilSql } from '../own-retention.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const PURGE_TASKS = `
  DELETE FROM finished_task
  WHERE rowid IN (SELECT rowid FROM finished_task
    WHERE finished_at < ?1 AND (?2 IS NULL OR status IN (SELECT value FROM json_each(?2)))
      AND ${hasNoOwnRetention('sqlite')}
    ORDER BY finished_at LIMIT ?3)`;
const KEPT_UNTIL = keptUntilSql('sqlite');
const PURGE_RETAINED = `
  DELETE FROM finished_task
  WHERE rowid IN (SELECT rowid FROM finished_task
    WHERE ${hasOwnRetention('sqlite')} AND ${KEPT_UNTIL} < ?1
    ORDER BY ${KEPT_UNTIL} LIMIT ?2)`;
const PURGE_REQUESTS = 'DELETE FROM create_request WHERE created_at < ?';

/** Tasks in SQLite. Changes go through the group commit; reads are done at once, since no transaction outlives a turn. */
export class SqliteTasks implements TaskStore {
  readonly sharesTransactions = true;
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;
  readonly #clock: Clock;

  constructor(tx: SqliteTransaction, group: GroupCommit, clock: Clock) {
    this.#tx = tx;
    this.#group = group;
    this.#clock = clock;
  }

  createTasks(request: CreateTasks): Promise<readonly CreateOutcome[]> {
    return this.#group.run(() => createTasks(this.#tx, request));
  }

  claimTasks(claim: ClaimTasks): Promise<readonly Task[]> {
    return this.#group.run(() => claimTasks(this.#tx, claim));
  }

  promoteDueTasks(limit: number): Promise<Promotion> {
    return this.#group.run(() => promoteDueTasks(this.#tx, limit));
  }

  completeTasks(namespace: string, completions: readonly Completion[]): Promise<readonly LeaseOutcome[]> {
    return this.#group.run(() => completeTasks(this.#tx, namespace, completions));
  }

  failTasks(namespace: string, failures: readonly DecidedFailure[]): Promise<readonly LeaseOutcome[]> {
    return this.#group.run(() => failTasks(this.#tx, namespace, failures));
  }

  releaseTasks(namespace: string, leases: readonly LeaseRef[]): Promise<readonly LeaseOutcome[]> {
    return this.#group.run(() => releaseTasks(this.#tx, namespace, leases));
  }

  extendLeases(namespace: string, leases: readonly LeaseRef[], duration: Duration): Promise<readonly ExtendOutcome[]> {
    return this.#group.run(() => extendLeases(this.#tx, namespace, leases, duration));
  }

  reportProgress(
    namespace: string,
    reports: readonly ProgressReport[],
    duration: Duration,
  ): Promise<readonly ExtendOutcome[]> {
    return this.#group.run(() => reportAll(this.#tx, namespace, reports, duration));
  }

  expireTasks(limit: number): Promise<readonly Task[]> {
    return this.#group.run(() => expireTasks(this.#tx, limit));
  }

  async listExpiredLeases(limit: number): Promise<readonly Task[]> {
    return listExpiredLeases(this.#tx.db, this.#clock.now(), limit);
  }

  async listWorkerLeases(worker: { namespace: string; workerId: string; heldSince: Date }): Promise<readonly Task[]> {
    return listWorkerLeases(this.#tx.db, worker);
  }

  async listCancelRequests(keys: readonly TaskKey[]): Promise<readonly Task[]> {
    return listCancelRequests(this.#tx.db, keys);
  }

  cancelTask(key: TaskKey): Promise<Task> {
    return this.#group.run(() => changeTask(this.#tx, key, commands.cancelTask));
  }

  redriveTask(key: TaskKey): Promise<Task> {
    return this.#group.run(() => changeTask(this.#tx, key, redriveWithin(this.#tx)));
  }

  rescheduleTask(key: TaskKey, runAt: Date): Promise<Task> {
    return this.#group.run(() => changeTask(this.#tx, key, (task, now) => commands.rescheduleTask(task, runAt, now)));
  }

  cancelTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    return this.#group.run(() => changeTasks(this.#tx, batch, commands.cancelTask));
  }

  redriveTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    return this.#group.run(() => changeTasks(this.#tx, batch, redriveWithin(this.#tx)));
  }

  deleteTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    return this.#group.run(() => deleteTasks(this.#tx, batch));
  }

  async getTasks(keys: readonly TaskKey[], which: 'all' | 'ended' = 'all'): Promise<readonly Task[]> {
    return getTasks(this.#tx.db, keys, which);
  }

  async listTasks(query: ListTasks): Promise<readonly Task[]> {
    return listTasks(this.#tx.db, query);
  }

  async listTaskIds(query: ListTasks): Promise<readonly string[]> {
    return listTaskIds(this.#tx.db, query);
  }

  purgeTasks(endedBefore: Date, limit: number, statuses?: readonly TaskStatus[]): Promise<number> {
    const wanted = statuses ? JSON.stringify(statuses) : null;
    return this.#group.run(() => this.#tx.db.run(PURGE_TASKS, endedBefore.getTime(), wanted, limit));
  }

  purgeRetainedTasks(limit: number): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE_RETAINED, this.#clock.now().getTime(), limit));
  }

  purgeRequests(usedBefore: Date): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE_REQUESTS, usedBefore.getTime()));
  }

  purgeDedupKeys(limit: number): Promise<number> {
    return this.#group.run(() => purgeDedupKeys(this.#tx, limit));
  }

  async stats({ byType } = { byType: false }): Promise<readonly QueueStats[]> {
    return countTasks(this.#tx.db, this.#clock.now(), byType);
  }
}
