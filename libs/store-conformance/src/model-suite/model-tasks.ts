import {
  claimOrder,
  claimTask,
  dedupKeyTaken,
  holdKey,
  isKeyHeld,
  isTerminal,
  deleteTask,
  expireTask,
  leaseLost,
  matchesTypes,
  newTask,
  redriveTask,
  Refusal,
  requestIdReused,
  startBy,
  taskAlreadyExists,
  taskNotFound,
  unlessRefused,
  type Change,
  type ClaimTasks,
  type CreateOutcome,
  type CreateTasks,
  type DedupHold,
  type LeaseOutcome,
  type LeaseRef,
  type Task,
  type TaskBatch,
  type TaskEvent,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { ModelFlow } from './model-flow.ts';

/** The tasks of one namespace as the pure commands make them, in the plainest way there is. */
export class ModelTasks {
  readonly namespace: string;
  readonly tasks = new Map<string, Task>();
  /** The PENDING tasks that were found to be due. */
  readonly ready = new Set<string>();
  readonly flow = new ModelFlow();
  readonly requests = new Map<string, { readonly hash: number; readonly ids: readonly string[] }>();
  /** The dedup keys, and who holds them. */
  readonly keys = new Map<string, DedupHold>();
  /** What has happened since `takeEvents` was last called. */
  #events: TaskEvent[] = [];

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** The events since the last time. */
  takeEvents(): readonly TaskEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Applies a change. */
  apply({ task, event }: Change, now: Date): Task {
    this.#events.push(event);
    return this.put(task, now);
  }

  /** Takes a task as it now is. */
  put(task: Task, now: Date): Task {
    this.tasks.set(task.id, task);
    if (task.status === 'PENDING' && task.runAt <= now) this.ready.add(task.id);
    else this.ready.delete(task.id);
    return task;
  }

  /** Creates tasks; throws a `Refusal` before anything changed. */
  create(call: CreateTasks, now: Date): readonly CreateOutcome[] {
    const hash = call.request?.bodyHash[0] ?? 0;
    const used = call.request && this.requests.get(call.request.id);
    if (used && used.hash !== hash) throw requestIdReused(call.request?.id ?? '');
    if (used) return used.ids.map((id) => ({ id, deduplicated: true }));
    const outcomes = this.outcomes(call, now);
    const fresh = call.tasks.filter((_, index) => !outcomes[index]?.deduplicated);
    const freshIds = fresh.map(({ spec }) => spec.id);
    const taken = freshIds.find((id, index) => this.tasks.has(id) || freshIds.indexOf(id) !== index);
    if (taken !== undefined) throw taskAlreadyExists(this.namespace, taken);
    for (const { spec, due, dedupWindow } of fresh) {
      if (dedupWindow !== undefined) this.keys.set(spec.dedupKey, holdKey(spec.id, dedupWindow, now));
      const runAt = due instanceof Duration ? due.addTo(now) : (due ?? now);
      this.apply(newTask(spec, runAt, now), now);
    }
    if (call.request) this.requests.set(call.request.id, { hash, ids: outcomes.map(({ id }) => id) });
    return outcomes;
  }

  /** Decides about redriving a task: not while another one that is active has its key. */
  redrive(task: Task, now: Date): Change | null {
    const { id, dedupKey } = task;
    const change = redriveTask(task, now);
    const hold = this.keys.get(dedupKey);
    if (!change || !hold || hold.taskId === id || hold.window !== 'WHILE_ACTIVE') return change;
    if (this.isLive(hold.taskId)) throw dedupKeyTaken(id, dedupKey, hold.taskId);
    this.keys.set(dedupKey, { ...hold, taskId: id });
    return change;
  }

  private outcomes(call: CreateTasks, now: Date): readonly CreateOutcome[] {
    const first = new Map<string, string>();
    return call.tasks.map(({ spec: { id, dedupKey }, dedupWindow }) => {
      if (dedupWindow === undefined) return { id, deduplicated: false };
      const hold = this.keys.get(dedupKey);
      const holder = hold && isKeyHeld(hold, this.isLive(hold.taskId), now) ? hold.taskId : first.get(dedupKey);
      if (holder === undefined) first.set(dedupKey, id);
      return { id: holder ?? id, deduplicated: holder !== undefined };
    });
  }

  private isLive(id: string): boolean {
    const task = this.tasks.get(id);
    return task !== undefined && !isTerminal(task.status);
  }

  /** Claims tasks, under the token that the store has made. */
  claim(claim: ClaimTasks, token: string, now: Date): readonly Task[] {
    const bound = claim.minAge ? now.getTime() - claim.minAge.toMillis() : Infinity;
    const ready = [...this.ready]
      .map((id) => this.get(id))
      .filter((task) => claim.queues.includes(task.queue) && matchesTypes(claim.types, task.type))
      .filter((task) => task.createdAt.getTime() <= bound && !isOverdue(task, now))
      .sort(claimOrder(claim.strategy));
    const budget = this.flow.budget(claim, [...this.tasks.values()], now);
    return this.flow.share(ready, claim, budget).map((task, index) => {
      const lease = { workerId: claim.slots[index] ?? '', token, duration: claim.leaseDuration };
      return this.apply(claimTask(task, lease, now), now);
    });
  }

  /** Makes due tasks ready; returns them. */
  promote(now: Date): readonly Task[] {
    const due = [...this.tasks.values()].filter(
      (task) => task.status === 'PENDING' && !this.ready.has(task.id) && task.runAt <= now,
    );
    for (const { id } of due) this.ready.add(id);
    return due;
  }

  /** Ends the tasks that waited too long; returns them as they then are. */
  expire(now: Date): readonly Task[] {
    const overdue = [...this.tasks.values()].filter((task) => task.status === 'PENDING' && isOverdue(task, now));
    return overdue.map((task) => this.apply(expireTask(task, now), now));
  }

  /** Decides about one lease. A decision of null accepts without a change. */
  settle({ taskId }: LeaseRef, decide: (task: Task) => Change | null, now: Date): LeaseOutcome {
    const task = this.tasks.get(taskId);
    try {
      if (!task) throw leaseLost(taskId);
      const change = decide(task);
      return { taskId, status: change ? this.apply(change, now).status : task.status, refusal: null };
    } catch (error) {
      if (error instanceof Refusal) return { taskId, status: null, refusal: error };
      throw error;
    }
  }

  /** Changes one task by its id. A decision of null leaves it as it is. Throws a `Refusal` if there is no such task. */
  change(id: string, decide: (task: Task) => Change | null, now: Date): Task {
    const task = this.tasks.get(id);
    if (!task) throw taskNotFound(this.namespace, id);
    const change = decide(task);
    return change ? this.apply(change, now) : task;
  }

  /** Changes many tasks; those about which the decision is null or refused are left alone. Returns what was changed. */
  changeMany(batch: TaskBatch, decide: (task: Task) => Change | null, now: Date): readonly Task[] {
    return this.#chosen(batch).flatMap((task) => {
      const change = unlessRefused(() => decide(task));
      return change ? [this.apply(change, now)] : [];
    });
  }

  /** Deletes tasks; returns what they were. */
  deleteMany(batch: TaskBatch, now: Date): readonly Task[] {
    const deleted = this.#chosen(batch);
    for (const task of deleted) {
      this.tasks.delete(task.id);
      this.ready.delete(task.id);
      this.#events.push(deleteTask(task, now));
    }
    return deleted;
  }

  #chosen({ ids, statuses }: TaskBatch): readonly Task[] {
    return [...new Set(ids)]
      .flatMap((id) => this.tasks.get(id) ?? [])
      .filter(({ status }) => statuses.includes(status));
  }

  /** A task that is known to exist. */
  get(id: string): Task {
    const task = this.tasks.get(id);
    if (!task) throw new Error(`the model has no task "${id}"`);
    return task;
  }
}

function isOverdue(task: Task, now: Date): boolean {
  const lastStart = startBy(task);
  return lastStart !== null && lastStart <= now;
}
