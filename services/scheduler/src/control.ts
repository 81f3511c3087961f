import type { Clock, Task, TaskKey, TaskStore } from '@orrery/core';
import type { Dispatcher } from './dispatcher.ts';
import type { Settlement } from './settle.ts';
import type { WorkStream } from './work-stream.ts';

/** What the other services ask of the scheduler; served over gRPC, or called directly where they share its process. */
export class SchedulerControl {
  private readonly deps: ControlDeps;

  constructor(deps: ControlDeps) {
    this.deps = deps;
  }

  /** Hints at new work, at tasks with a time to come, at running tasks that were asked to be cancelled, or at schedules that changed. */
  wake(hint: {
    readonly queues?: readonly { readonly namespace: string; readonly queue: string }[];
    readonly scheduled?: boolean;
    readonly cancels?: readonly TaskKey[];
    readonly schedules?: boolean;
  }): void {
    if (hint.queues) this.deps.dispatcher.wake(hint.queues);
    for (const key of hint.cancels ?? []) this.tellWorker(key);
    if (hint.schedules) this.deps.schedulesChanged();
    if (hint.scheduled) this.deps.scheduled();
    this.deps.begun();
  }

  /** Lets waiting workers claim what is being created in this turn of the event loop. */
  offer(queues: readonly { readonly namespace: string; readonly queue: string }[]): void {
    this.deps.dispatcher.wake(queues);
  }

  /** Sets a FAILED task PENDING again. */
  async retryTask(key: TaskKey): Promise<Task> {
    const task = await this.deps.store.redriveTask(key);
    this.deps.dispatcher.wake([task]);
    this.deps.changed();
    return task;
  }

  /** Sets those of many tasks PENDING again that are FAILED; returns their ids. */
  async retryTasks(namespace: string, ids: readonly string[]): Promise<readonly string[]> {
    const tasks = await this.deps.store.redriveTasks({ namespace, ids, statuses: ['FAILED'] });
    if (tasks.length === 0) return [];
    this.deps.dispatcher.wake([...new Set(tasks.map(({ queue }) => queue))].map((queue) => ({ namespace, queue })));
    this.deps.changed();
    return tasks.map(({ id }) => id);
  }

  /** Sets the time of a PENDING task. */
  async rescheduleTask(key: TaskKey, runAt: Date): Promise<Task> {
    const task = await this.deps.store.rescheduleTask(key, runAt);
    this.deps.dispatcher.wake([task]);
    this.deps.scheduled();
    this.deps.changed();
    return task;
  }

  /** Takes back what a lost worker holds, but for leases it took or extended after `heldSince`; returns how many. */
  async reclaimWorker(worker: { namespace: string; workerId: string; heldSince: Date }): Promise<number> {
    const tasks = await this.deps.store.listWorkerLeases(worker);
    const reason = 'was lost: it stopped sending heartbeats';
    return this.deps.settlement.reclaim(tasks, reason, this.deps.clock.now());
  }

  private tellWorker({ namespace, id }: TaskKey): void {
    for (const stream of this.deps.streams) if (stream.cancel(namespace, id)) return;
  }
}

interface ControlDeps {
  readonly store: TaskStore;
  readonly dispatcher: Dispatcher;
  readonly settlement: Settlement;
  readonly streams: ReadonlySet<WorkStream>;
  readonly clock: Clock;
  /** Called after something was written, so that its events can be published. */
  readonly changed: () => void;
  /** The same, when nobody is likely to wait for these events. */
  readonly begun: () => void;
  /** Called when schedules changed. */
  readonly schedulesChanged: () => void;
  /** Called when a task may have become due earlier than was known. */
  readonly scheduled: () => void;
}
