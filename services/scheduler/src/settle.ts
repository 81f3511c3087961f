import {
  decideLostLease,
  decideRetry,
  timeoutOf,
  type Completion,
  type DecidedFailure,
  type LeaseOutcome,
  type LeaseRef,
  type Task,
  type TaskStore,
} from '@orrery/core';
import { TaskError, type TaskErrorData } from '@orrery/task-error';

/** An attempt that failed, as a worker reports it. */
export interface ReportedFailure {
  readonly lease: LeaseRef;
  readonly error: TaskErrorData;
}

/** Where the outcomes of attempts go, and where it is decided what follows a failure. */
export class Settlement {
  private readonly store: TaskStore;
  private readonly random: () => number;
  private readonly changed: () => void;
  private readonly scheduled: () => void;
  private readonly ready: (namespace: string) => void;
  private readonly roomMade: (namespace: string) => void;

  constructor(deps: {
    readonly store: TaskStore;
    readonly random: () => number;
    /** Called after something was written, so that its events can be published. */
    readonly changed: () => void;
    /** Called when tasks of a namespace went back to their queues and are due. */
    readonly ready: (namespace: string) => void;
    /** Called when attempts of a namespace ended, which may have made room under a limit. */
    readonly roomMade: (namespace: string) => void;
    /** Called when a task was given a time in the future. */
    readonly scheduled: () => void;
  }) {
    this.store = deps.store;
    this.random = deps.random;
    this.changed = deps.changed;
    this.ready = deps.ready;
    this.roomMade = deps.roomMade;
    this.scheduled = deps.scheduled;
  }

  async complete(namespace: string, completions: readonly Completion[]): Promise<readonly LeaseOutcome[]> {
    if (completions.length === 0) return [];
    const outcomes = await this.store.completeTasks(namespace, completions);
    this.changed();
    this.roomMade(namespace);
    return outcomes;
  }

  async fail(namespace: string, failures: readonly ReportedFailure[]): Promise<readonly LeaseOutcome[]> {
    if (failures.length === 0) return [];
    const found = await this.store.getTasks(failures.map(({ lease }) => ({ namespace, id: lease.taskId })));
    const tasks = new Map(found.map((task) => [task.id, task]));
    const decided = failures.map(({ lease, error }) => this.decide(tasks.get(lease.taskId), lease, error));
    return this.apply(namespace, decided);
  }

  /** Something was written elsewhere that has events to be published. */
  told(): void {
    this.changed();
  }

  async release(namespace: string, leases: readonly LeaseRef[]): Promise<readonly LeaseOutcome[]> {
    if (leases.length === 0) return [];
    const outcomes = await this.store.releaseTasks(namespace, leases);
    this.changed();
    this.ready(namespace);
    return outcomes;
  }

  /** Takes running tasks back from a worker that fell silent; returns how many. Nothing happens to a lease extended meanwhile. */
  async reclaim(tasks: readonly Task[], reason: string, now: Date): Promise<number> {
    let count = 0;
    for (const [namespace, group] of Map.groupBy(tasks, (task) => task.namespace)) {
      const decided = group.map((task) => this.takeBack(task, reason, now));
      const outcomes = await this.apply(namespace, decided);
      count += outcomes.filter((outcome) => outcome.refusal === null).length;
    }
    return count;
  }

  private decide(task: Task | undefined, lease: LeaseRef, error: TaskErrorData): DecidedFailure {
    // A task that is not there any more is refused by the store's own fence, whatever is decided here.
    if (!task) return { lease, error, decision: { retry: false }, ifExpiresAt: null };
    const counted = { ...error, retryCount: Math.max(task.attempt - 1, 0) };
    const decision = decideRetry(task.retryPolicy, task.maxAttempts, task.attempt, counted, this.random());
    return { lease, error: counted, decision, ifExpiresAt: null };
  }

  /** What follows when a lease has run out: the attempt's time was up, or the worker fell silent. */
  private takeBack(task: Task, reason: string, now: Date): DecidedFailure {
    const timeout = timeoutOf(task);
    if (!timeout) return lostLease(task, reason, now);
    const lease = { taskId: task.id, token: task.leaseToken ?? '' };
    return { ...this.decide(task, lease, timedOut(task, timeout, now)), ifExpiresAt: task.leaseExpiresAt };
  }

  private async apply(namespace: string, decided: readonly DecidedFailure[]): Promise<readonly LeaseOutcome[]> {
    const outcomes = await this.store.failTasks(namespace, decided);
    this.changed();
    this.roomMade(namespace);
    const delays = decided.flatMap(({ decision }) => (decision.retry ? [decision.delay] : []));
    if (delays.some((delay) => delay.isZero)) this.ready(namespace);
    if (delays.some((delay) => !delay.isZero)) this.scheduled();
    return outcomes;
  }
}

/** The failure that stands for a lease which ran out: retried at once while attempts are left. */
function lostLease(task: Task, reason: string, now: Date): DecidedFailure {
  const error = TaskError.create({
    errorType: 'system',
    exceptionType: 'LeaseExpired',
    message: `worker "${task.workerId}" ${reason}`,
    timestamp: now,
    isRetryable: true,
    retryCount: Math.max(task.attempt - 1, 0),
    context: { worker_id: task.workerId, attempt: task.attempt },
  });
  return {
    lease: { taskId: task.id, token: task.leaseToken ?? '' },
    error: error.toData(),
    decision: decideLostLease(task.maxAttempts, task.attempt),
    ifExpiresAt: task.leaseExpiresAt,
  };
}

/** The failure that stands for an attempt which went on beyond its time; the retry policy says what follows. */
function timedOut(task: Task, timeout: 'run' | 'heartbeat', now: Date): TaskErrorData {
  const message =
    timeout === 'run'
      ? `the attempt ran longer than its run timeout of ${task.runTimeout?.toString() ?? ''}`
      : `the handler gave no sign of life for ${task.heartbeatTimeout?.toString() ?? ''}, its heartbeat timeout`;
  return TaskError.create({
    errorType: 'timeout',
    exceptionType: timeout === 'run' ? 'RunTimeout' : 'HeartbeatTimeout',
    message,
    timestamp: now,
    context: { worker_id: task.workerId, attempt: task.attempt },
  }).toData();
}
