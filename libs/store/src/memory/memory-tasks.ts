import { randomUUID } from 'node:crypto';
import * as commands from '@orrery/core';
import { keptUntil, leaseLost, taskCancelled, taskNotFound } from '@orrery/core';
import type {
  Change,
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
  TaskEvent,
  TaskKey,
  TaskStatus,
  TaskStore,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { chooseListed } from './choose-listed.ts';
import { chooseReady } from './choose-ready.ts';
import { createTasks, type UsedRequests } from './create-tasks.ts';
import { countLive, countRunning } from './count-live.ts';
import { DedupKeys } from './dedup-keys.ts';
import type { MemoryEvents } from './memory-events.ts';
import type { MemoryFlow } from './memory-flow.ts';
import { refusedLease, settleLeases } from './settle-leases.ts';
import { takeWhile } from './take-where.ts';
import type { Row, TaskTable } from './task-table.ts';
import type { QuotaUses } from './use-quota.ts';

/** Tasks in memory. Each method does its work without pause, so that none sees another's half done. */
export class MemoryTasks implements TaskStore {
  readonly sharesTransactions = true;
  readonly #table: TaskTable;
  readonly #requests: UsedRequests;
  readonly #keys: DedupKeys;
  readonly #uses: QuotaUses = new Map();
  readonly #log: MemoryEvents;
  readonly #flow: MemoryFlow;
  readonly #clock: Clock;

  constructor(table: TaskTable, requests: UsedRequests, log: MemoryEvents, flow: MemoryFlow, clock: Clock) {
    this.#table = table;
    this.#requests = requests;
    this.#keys = new DedupKeys(table);
    this.#log = log;
    this.#flow = flow;
    this.#clock = clock;
  }

  async createTasks(request: CreateTasks): Promise<readonly CreateOutcome[]> {
    const now = this.#clock.now();
    const { outcomes, events } = createTasks(this.#table, this.#requests, this.#keys, this.#uses, request, now);
    this.#log.append(events);
    return outcomes;
  }

  async claimTasks(claim: ClaimTasks): Promise<readonly Task[]> {
    const now = this.#clock.now();
    const token = randomUUID();
    const duration = claim.leaseDuration;
    const budget = this.#flow.budgetFor(claim, () => countRunning(this.#table.running, claim.namespace), now);
    const changes = chooseReady(this.#table, claim, budget, now).map((task, index) =>
      commands.claimTask(task, { workerId: claim.slots[index] ?? '', token, duration }, now),
    );
    this.#flow.keepRates(claim.namespace, budget.rateUses());
    return this.#keep(changes, now);
  }

  async promoteDueTasks(limit: number): Promise<Promotion> {
    const now = this.#clock.now();
    const due = takeWhile(this.#table.waiting, limit, (row) => row.task.runAt <= now);
    for (const row of due) this.#table.put({ ...row, ready: true });
    const queues = new Map(
      due.map(({ task: { namespace, queue } }) => [`${namespace}\0${queue}`, { namespace, queue }]),
    );
    const next = this.#table.waiting.first?.task.runAt;
    const nextDueIn = next ? Duration.ofMillis(Math.max(0, next.getTime() - now.getTime())) : null;
    return { count: due.length, queues: [...queues.values()], nextDueIn };
  }

  async completeTasks(namespace: string, completions: readonly Completion[]): Promise<readonly LeaseOutcome[]> {
    return this.#settle(namespace, completions, ({ lease, result }, task, now) => {
      if (commands.repeatsCompletion(task, lease.token)) return null;
      return commands.completeTask(task, lease.token, result, now);
    }).map((outcome) =>
      outcome.status === 'CANCELLED' ? refusedLease(outcome.taskId, taskCancelled(outcome.taskId)) : outcome,
    );
  }

  async failTasks(namespace: string, failures: readonly DecidedFailure[]): Promise<readonly LeaseOutcome[]> {
    return this.#settle(namespace, failures, ({ lease, error, decision, ifExpiresAt }, task, now) => {
      if (ifExpiresAt && task.leaseExpiresAt?.getTime() !== ifExpiresAt.getTime()) throw leaseLost(task.id);
      return commands.failTask(task, lease.token, error, decision, now);
    });
  }

  async releaseTasks(namespace: string, leases: readonly LeaseRef[]): Promise<readonly LeaseOutcome[]> {
    const released = leases.map((lease) => ({ lease }));
    return this.#settle(namespace, released, ({ lease }, task, now) => commands.releaseTask(task, lease.token, now));
  }

  async extendLeases(
    namespace: string,
    leases: readonly LeaseRef[],
    duration: Duration,
  ): Promise<readonly ExtendOutcome[]> {
    return this.#extend(namespace, leases, (task, token, now) => ({
      task: commands.extendLease(task, token, duration, now),
      event: null,
    }));
  }

  async reportProgress(
    namespace: string,
    reports: readonly ProgressReport[],
    duration: Duration,
  ): Promise<readonly ExtendOutcome[]> {
    const leases = reports.map(({ lease }) => lease);
    return this.#extend(namespace, leases, (task, token, now, index) =>
      commands.reportProgress(task, token, reports[index]?.progress ?? null, duration, now),
    );
  }

  async expireTasks(limit: number): Promise<readonly Task[]> {
    const now = this.#clock.now();
    const overdue = takeWhile(this.#table.expiring, limit, ({ task }) => isBy(commands.startBy(task), now));
    return this.#keep(
      overdue.map(({ task }) => commands.expireTask(task, now)),
      now,
    );
  }

  async listExpiredLeases(limit: number): Promise<readonly Task[]> {
    const now = this.#clock.now();
    const expired = takeWhile(this.#table.running, limit, ({ task }) => isBy(task.leaseExpiresAt, now));
    return expired.map(({ task }) => task);
  }

  async listWorkerLeases(worker: { namespace: string; workerId: string; heldSince: Date }): Promise<readonly Task[]> {
    return [...this.#table.running]
      .filter(({ task }) => task.namespace === worker.namespace && task.workerId === worker.workerId)
      .filter(({ task }) => task.updatedAt <= worker.heldSince)
      .map(({ task }) => task);
  }

  async listCancelRequests(keys: readonly TaskKey[]): Promise<readonly Task[]> {
    return this.#find(keys).filter((task) => task.status === 'RUNNING' && task.cancelRequestedAt !== null);
  }

  async cancelTask(key: TaskKey): Promise<Task> {
    return this.#change(key, commands.cancelTask);
  }

  async redriveTask(key: TaskKey): Promise<Task> {
    return this.#change(key, (task, now) => this.#redrive(task, now));
  }

  async rescheduleTask(key: TaskKey, runAt: Date): Promise<Task> {
    return this.#change(key, (task, now) => commands.rescheduleTask(task, runAt, now));
  }

  async cancelTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    return this.#changeMany(batch, commands.cancelTask);
  }

  async redriveTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    return this.#changeMany(batch, (task, now) => this.#redrive(task, now));
  }

  async deleteTasks(batch: TaskBatch): Promise<readonly ChangedTask[]> {
    const now = this.#clock.now();
    const tasks = this.#chosen(batch);
    for (const task of tasks) this.#table.delete(task);
    this.#log.append(tasks.map((task) => commands.deleteTask(task, now)));
    return tasks;
  }

  async getTasks(keys: readonly TaskKey[], which: 'all' | 'ended' = 'all'): Promise<readonly Task[]> {
    return this.#find(keys).filter((task) => which === 'all' || commands.isTerminal(task.status));
  }

  async listTasks(query: ListTasks): Promise<readonly Task[]> {
    return chooseListed(this.#table, query);
  }

  async listTaskIds(query: ListTasks): Promise<readonly string[]> {
    return chooseListed(this.#table, query).map(({ id }) => id);
  }

  async purgeTasks(endedBefore: Date, limit: number, statuses?: readonly TaskStatus[]): Promise<number> {
    const isWanted = ({ task }: Row) => statuses?.includes(task.status) ?? true;
    const isOld = ({ task }: Row) => task.finishedAt !== null && task.finishedAt < endedBefore;
    const old = takeWhile(this.#table.ended, Infinity, isOld).filter(isWanted).slice(0, limit);
    for (const { task } of old) this.#table.delete(task);
    return old.length;
  }

  async purgeRetainedTasks(limit: number): Promise<number> {
    const now = this.#clock.now();
    const old = takeWhile(this.#table.retained, limit, ({ task }) => (keptUntil(task) ?? now) < now);
    for (const { task } of old) this.#table.delete(task);
    return old.length;
  }

  async purgeRequests(usedBefore: Date): Promise<number> {
    const old = [...this.#requests].filter(([, request]) => request.usedAt < usedBefore);
    for (const [key] of old) this.#requests.delete(key);
    return old.length;
  }

  async purgeDedupKeys(limit: number): Promise<number> {
    return this.#keys.purge(limit, this.#clock.now());
  }

  async stats({ byType } = { byType: false }): Promise<readonly QueueStats[]> {
    return countLive(this.#table.live(), this.#clock.now(), byType);
  }

  #find(keys: readonly TaskKey[]): readonly Task[] {
    const rows = new Set(keys.map((key) => this.#table.get(key)));
    return [...rows].flatMap((row) => (row ? [row.task] : []));
  }

  #chosen({ namespace, ids, statuses }: TaskBatch): readonly Task[] {
    return this.#find(ids.map((id) => ({ namespace, id }))).filter(({ status }) => statuses.includes(status));
  }

  /** Applies to each of many tasks what is legal for it. */
  #changeMany(batch: TaskBatch, decide: (task: Task, now: Date) => Change | null): readonly Task[] {
    const now = this.#clock.now();
    // One after the other: what becomes of one may be in the way of another.
    return this.#chosen(batch).flatMap((task) => {
      const change = commands.unlessRefused(() => decide(task, now));
      return change ? this.#keep([change], now) : [];
    });
  }

  #redrive(task: Task, now: Date): Change | null {
    const change = commands.redriveTask(task, now);
    if (change) this.#keys.takeBack(task, now);
    return change;
  }

  /** Applies what was decided about one task; null: nothing changes. */
  #change(key: TaskKey, decide: (task: Task, now: Date) => Change | null): Task {
    const now = this.#clock.now();
    const row = this.#table.get(key);
    if (!row) throw taskNotFound(key.namespace, key.id);
    const change = decide(row.task, now);
    if (change) this.#keep([change], now);
    return change?.task ?? row.task;
  }

  #extend(
    namespace: string,
    leases: readonly LeaseRef[],
    decide: (task: Task, token: string, now: Date, index: number) => { task: Task; event: TaskEvent | null },
  ): readonly ExtendOutcome[] {
    const now = this.#clock.now();
    return leases.map(({ taskId, token }, index) => {
      const row = this.#table.get({ namespace, id: taskId });
      if (row?.task.status !== 'RUNNING' || row.task.leaseToken !== token)
        return { taskId, expiresAt: null, refusal: leaseLost(taskId) };
      const { task, event } = decide(row.task, token, now, index);
      this.#table.put({ ...row, task });
      if (event) this.#log.append([event]);
      return commands.extended(task, now);
    });
  }

  #settle<T extends { readonly lease: LeaseRef }>(
    namespace: string,
    items: readonly T[],
    decide: (item: T, task: Task, now: Date) => Change | null,
  ): readonly LeaseOutcome[] {
    const now = this.#clock.now();
    const { outcomes, events } = settleLeases(this.#table, namespace, items, decide, now);
    this.#log.append(events);
    return outcomes;
  }

  #keep(changes: readonly Change[], now: Date): readonly Task[] {
    for (const { task } of changes) this.#table.keep(task, now);
    this.#log.append(changes.map(({ event }) => event));
    return changes.map(({ task }) => task);
  }
}

function isBy(instant: Date | null, limit: Date): boolean {
  return instant !== null && instant <= limit;
}
