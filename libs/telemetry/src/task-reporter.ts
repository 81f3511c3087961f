import type {
  ChangedTask,
  Completion,
  CreateOutcome,
  CreateTasks,
  DecidedFailure,
  LeaseOutcome,
  LeaseRef,
  Task,
  TaskStore,
} from '@orrery/core';
import { readTraceparent } from '@orrery/rpc';
import type { Logger } from '@orrery/service';
import { Attempts, factsOf, type TaskFacts } from './attempts.ts';
import { type Count, TaskMetrics } from './task-metrics.ts';
import { recordStep } from './task-span.ts';

/** When a statement was begun and when it was answered, in milliseconds since 1970. */
export interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What came of an attempt. */
type AttemptEnd = 'SUCCEEDED' | 'RETRIED' | 'FAILED' | 'CANCELLED' | 'RELEASED';

const COUNT_OF: Readonly<Record<AttemptEnd, Count>> = {
  SUCCEEDED: 'succeeded',
  RETRIED: 'retried',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  RELEASED: 'released',
};

const MESSAGE_OF: Readonly<Record<AttemptEnd, string>> = {
  SUCCEEDED: 'task completed',
  RETRIED: 'task failed, to be retried',
  FAILED: 'task failed',
  CANCELLED: 'task cancelled',
  RELEASED: 'task handed back',
};

const CHANGED = { cancel: 'task cancelled', redrive: 'task redriven', reschedule: 'task rescheduled' } as const;

/** One attempt's end, as the store took it. */
export interface Settled {
  readonly lease: LeaseRef;
  readonly outcome: LeaseOutcome;
  readonly end: AttemptEnd;
  /** What else the log line says. */
  readonly fields?: object;
}

interface Ended extends Settled {
  readonly task: TaskFacts;
  readonly attemptMillis: number;
  readonly taskMillis: number;
}

/** Tells of what happens to tasks: in the log at level debug, as spans in each task's trace, and as metrics. */
export class TaskReporter {
  readonly #attempts = new Attempts();
  readonly #metrics = new TaskMetrics();
  readonly #logger: Logger;
  readonly #store: Pick<TaskStore, 'getTasks'>;

  constructor(store: Pick<TaskStore, 'getTasks'>, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  created({ tasks }: CreateTasks, outcomes: readonly CreateOutcome[], span: Span): void {
    const isNew = tasks.map(({ spec }, i) => ({ ...spec, workerId: '', attempt: 0, ...outcomes[i] }));
    const created = isNew.filter((task) => task.deduplicated === false);
    this.#metrics.count('created', created);
    for (const task of created) this.#tell(task, 'task created', span, 'enqueue');
  }

  claimed(tasks: readonly Task[], span: Span): void {
    this.#metrics.count('started', tasks);
    for (const task of tasks) {
      this.#attempts.begin(task);
      this.#metrics.measure('queueTime', task, (task.startedAt ?? task.runAt).getTime() - task.runAt.getTime());
      this.#tell(task, 'task claimed', span, 'claim');
    }
  }

  completed(
    namespace: string,
    completions: readonly Completion[],
    outcomes: readonly LeaseOutcome[],
    span: Span,
  ): void {
    const settled = completions.map(({ lease }, i) => settledOf(lease, outcomes[i], 'SUCCEEDED'));
    void this.#settled(namespace, settled, span);
  }

  failed(namespace: string, failures: readonly DecidedFailure[], outcomes: readonly LeaseOutcome[], span: Span): void {
    const settled = failures.map(({ lease, decision, error, ifExpiresAt }, i) =>
      settledOf(lease, outcomes[i], decision.retry ? 'RETRIED' : 'FAILED', {
        error_type: error.errorType,
        ...(decision.retry && { retry_in: decision.delay }),
        ...(ifExpiresAt && { rescued: true }),
      }),
    );
    const rescued = settled.filter(({ outcome }, i) => failures[i]?.ifExpiresAt && outcome.refusal === null);
    this.#metrics.countIn('rescued', namespace, rescued.length);
    void this.#settled(namespace, settled, span);
  }

  released(namespace: string, leases: readonly LeaseRef[], outcomes: readonly LeaseOutcome[], span: Span): void {
    const settled = leases.map((lease, i) => settledOf(lease, outcomes[i], 'RELEASED'));
    void this.#settled(namespace, settled, span);
  }

  /** A caller changed the course of one task. */
  changed(task: Task, what: 'cancel' | 'redrive' | 'reschedule', span: Span): void {
    if (what === 'redrive') this.#metrics.count('redriven', [task]);
    if (what === 'cancel' && task.finishedAt) {
      this.#metrics.count('cancelled', [task]);
      this.#metrics.measure('task', task, task.finishedAt.getTime() - task.createdAt.getTime(), 'CANCELLED');
    }
    const asked = what === 'cancel' && !task.finishedAt;
    this.#tell(task, asked ? 'cancel requested' : CHANGED[what], span, what);
  }

  /** Tasks that no worker started in time. */
  expired(tasks: readonly Task[], span: Span): void {
    this.#metrics.count('failed', tasks);
    for (const task of tasks) this.#tell(task, 'task not started in time', span, 'expire');
  }

  /** A caller changed many tasks alike: they are counted, and share one line of the log. */
  changedMany(namespace: string, changed: readonly ChangedTask[], what: 'cancel' | 'redrive' | 'delete'): void {
    if (changed.length === 0) return;
    if (what === 'redrive') this.#metrics.countIn('redriven', namespace, changed.length);
    const cancelled = changed.filter(({ status }) => status === 'CANCELLED').length;
    if (what === 'cancel') this.#metrics.countIn('cancelled', namespace, cancelled);
    this.#logger.debug('tasks changed', { namespace, what, count: changed.length });
  }

  async #settled(namespace: string, settled: readonly Settled[], span: Span): Promise<void> {
    const accepted = settled.filter(({ outcome }) => outcome.refusal?.reason !== 'LEASE_LOST');
    this.#metrics.countIn('stale', namespace, settled.length - accepted.length);
    const ended = await this.#ended(namespace, accepted, span.endedAt);
    for (const [end, group] of Map.groupBy(ended, (each) => each.end)) {
      this.#metrics.count(
        COUNT_OF[end],
        group.map(({ task }) => task),
      );
    }
    for (const { task, end, attemptMillis, taskMillis, fields } of ended) {
      this.#metrics.measure('attempt', task, attemptMillis, end);
      if (end !== 'RETRIED' && end !== 'RELEASED') this.#metrics.measure('task', task, taskMillis, end);
      this.#tell(task, MESSAGE_OF[end], span, 'settle', { 'orrery.outcome': end }, fields);
    }
  }

  /** What is known of attempts that have ended; those that another process gave out are looked up, in one statement. */
  async #ended(namespace: string, settled: readonly Settled[], now: number): Promise<readonly Ended[]> {
    const ended: Ended[] = [];
    const unknown = new Map<string, Settled>();
    for (const each of settled) {
      const attempt = this.#attempts.find(each.lease);
      this.#attempts.end(each.lease);
      if (!attempt) {
        unknown.set(each.lease.taskId, each);
        continue;
      }
      const attemptMillis = performance.now() - attempt.startedAt - (Date.now() - now);
      ended.push({ ...each, task: attempt, attemptMillis, taskMillis: attempt.afterCreation + attemptMillis });
    }
    if (unknown.size === 0) return ended;
    const keys = [...unknown.keys()].map((id) => ({ namespace, id }));
    // What cannot be looked up is not told of: telemetry must not make anything fail.
    const tasks = await this.#store.getTasks(keys).catch(() => []);
    for (const task of tasks) {
      const each = unknown.get(task.id);
      if (each) ended.push({ ...each, ...lookedUp(task) });
    }
    return ended;
  }

  #tell(task: TaskFacts, message: string, span: Span, step: string, attributes = {}, fields: object = {}): void {
    recordStep(task, { name: step, ...span, attributes });
    if (!(this.#logger.enabled?.('debug') ?? true)) return;
    const creation = readTraceparent(task.traceparent);
    this.#logger.debug(message, {
      task_id: task.id,
      namespace: task.namespace,
      queue: task.queue,
      type: task.type,
      ...(task.attempt > 0 && { attempt: task.attempt, worker_id: task.workerId }),
      correlation_id: task.correlationId,
      ...(creation && { trace_id: creation.traceId, span_id: creation.spanId }),
      ...fields,
    });
  }
}

function settledOf(lease: LeaseRef, outcome: LeaseOutcome | undefined, end: AttemptEnd, fields?: object): Settled {
  const answered = outcome ?? { taskId: lease.taskId, status: 'PENDING', refusal: null };
  const cancelled = answered.status === 'CANCELLED' || answered.refusal?.reason === 'TASK_CANCELLED';
  return { lease, outcome: answered, end: cancelled ? 'CANCELLED' : end, ...(fields && { fields }) };
}

function lookedUp(task: Task): Omit<Ended, keyof Settled> {
  const { startedAt, finishedAt } = task.status === 'SUCCEEDED' ? task : (task.failedAttempts.at(-1) ?? task);
  const began = startedAt ?? task.updatedAt;
  const end = finishedAt ?? task.updatedAt;
  return {
    task: factsOf(task),
    attemptMillis: end.getTime() - began.getTime(),
    taskMillis: end.getTime() - task.createdAt.getTime(),
  };
}
