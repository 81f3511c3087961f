import { cancelTask, rescheduleTask } from '@orrery/core';
import type {
  ClaimTasks,
  Completion,
  CreateTasks,
  DecidedFailure,
  LeaseRef,
  ListTasks,
  ProgressReport,
  TaskBatch,
  TaskKey,
  TaskStatus,
  TaskStore,
} from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { cancelTasks } from './cancel-tasks.ts';
import { changeTask } from './change-task.ts';
import type { ClaimFloors } from './claim-floors.ts';
import { claimTasks } from './claim-tasks.ts';
import { completeTasks } from './complete-tasks.ts';
import { countTasks } from './count-tasks.ts';
import { haveKeys } from '../dedup-holds.ts';
import { createChecked } from './create-checked.ts';
import { createTasks } from './create-tasks.ts';
import type { Database } from './database.ts';
import { purgeDedupKeys } from './dedup-keys.ts';
import { deleteTasks } from './delete-tasks.ts';
import { expireTasks } from './expire-tasks.ts';
import { extendLeases, reportProgress } from './extend-leases.ts';
import { failTasks } from './fail-tasks.ts';
import { listTaskIds, listTasks } from './list-tasks.ts';
import type { PostgresFlow } from './postgres-flow.ts';
import { promoteDueTasks } from './promote-due-tasks.ts';
import { purgeRequests, purgeRetainedTasks, purgeTasks } from './purge.ts';
import { getTasks, listCancelRequests, listExpiredLeases, listWorkerLeases } from './read-tasks.ts';
import { redriveTask, redriveTasks } from './redrive-tasks.ts';
import { releaseTasks } from './release-tasks.ts';
import { Turns } from './turns.ts';

/** Tasks in PostgreSQL: each method is one file, which has its statement and says why it is shaped so. */
export class PostgresTasks implements TaskStore {
  readonly sharesTransactions = false;
  readonly #database: Database;
  readonly #flow: PostgresFlow;
  readonly #floors: ClaimFloors;
  readonly #creations = new Turns();

  constructor(database: Database, flow: PostgresFlow, floors: ClaimFloors) {
    this.#database = database;
    this.#flow = flow;
    this.#floors = floors;
  }

  createTasks(request: CreateTasks) {
    if (request.quota) return this.#creations.take(request.namespace, () => createChecked(this.#database, request));
    return (haveKeys(request.tasks) ? createChecked : createTasks)(this.#database, request);
  }

  claimTasks(claim: ClaimTasks) {
    return claimTasks(this.#database, this.#flow, this.#floors, claim);
  }

  promoteDueTasks(limit: number) {
    return this.#makesReady(promoteDueTasks(this.#database, limit), ({ count }) => count > 0);
  }

  completeTasks(namespace: string, completions: readonly Completion[]) {
    return completeTasks(this.#database, namespace, completions);
  }

  failTasks(namespace: string, failures: readonly DecidedFailure[]) {
    const readyAtOnce = failures.some(({ decision }) => decision.retry && decision.delay.toMillis() <= 0);
    return this.#makesReady(failTasks(this.#database, namespace, failures), () => readyAtOnce);
  }

  releaseTasks(namespace: string, leases: readonly LeaseRef[]) {
    return this.#makesReady(releaseTasks(this.#database, namespace, leases));
  }

  extendLeases(namespace: string, leases: readonly LeaseRef[], duration: Duration) {
    return extendLeases(this.#database, namespace, leases, duration);
  }

  reportProgress(namespace: string, reports: readonly ProgressReport[], duration: Duration) {
    return reportProgress(this.#database, namespace, reports, duration);
  }

  expireTasks(limit: number) {
    return expireTasks(this.#database, limit);
  }

  listExpiredLeases(limit: number) {
    return listExpiredLeases(this.#database, limit);
  }

  listWorkerLeases(worker: { readonly namespace: string; readonly workerId: string; readonly heldSince: Date }) {
    return listWorkerLeases(this.#database, worker);
  }

  listCancelRequests(keys: readonly TaskKey[]) {
    return listCancelRequests(this.#database, keys);
  }

  cancelTask(key: TaskKey) {
    return changeTask(this.#database, key, cancelTask);
  }

  redriveTask(key: TaskKey) {
    return this.#makesReady(redriveTask(this.#database, key));
  }

  rescheduleTask(key: TaskKey, runAt: Date) {
    const change = changeTask(this.#database, key, (task, now) => rescheduleTask(task, runAt, now));
    return this.#makesReady(change);
  }

  cancelTasks(batch: TaskBatch) {
    return cancelTasks(this.#database, batch);
  }

  redriveTasks(batch: TaskBatch) {
    return this.#makesReady(redriveTasks(this.#database, batch));
  }

  deleteTasks(batch: TaskBatch) {
    return deleteTasks(this.#database, batch);
  }

  getTasks(keys: readonly TaskKey[], which: 'all' | 'ended' = 'all') {
    return getTasks(this.#database, keys, which);
  }

  listTasks(query: ListTasks) {
    return listTasks(this.#database, query);
  }

  listTaskIds(query: ListTasks) {
    return listTaskIds(this.#database, query);
  }

  purgeTasks(endedBefore: Date, limit: number, statuses?: readonly TaskStatus[]) {
    return purgeTasks(this.#database, endedBefore, limit, statuses);
  }

  purgeRetainedTasks(limit: number) {
    return purgeRetainedTasks(this.#database, limit);
  }

  purgeRequests(usedBefore: Date) {
    return purgeRequests(this.#database, usedBefore);
  }

  purgeDedupKeys(limit: number) {
    return purgeDedupKeys(this.#database, limit);
  }

  stats({ byType } = { byType: false }) {
    return countTasks(this.#database, byType);
  }

  /** What may be ready now and older than what was claimed last is to be found by the next claim, also where the reply was lost. */
  async #makesReady<T>(work: Promise<T>, isSo: (outcome: T) => boolean = () => true): Promise<T> {
    let mayBeSo = true;
    try {
      const outcome = await work;
      mayBeSo = isSo(outcome);
      return outcome;
    } finally {
      if (mayBeSo) this.#floors.reset();
    }
  }
}
