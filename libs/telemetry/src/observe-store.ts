import type { ChangedTask, Task, TaskBatch, TaskKey, TaskStore } from '@orrery/core';
import type { Logger } from '@orrery/service';
import type { Telemetry } from './start-telemetry.ts';
import { TaskReporter } from './task-reporter.ts';
import { timed } from './timed.ts';

/** Where what is observed goes. */
export interface ObserveOptions {
  readonly telemetry: Telemetry;
  readonly logger: Logger;
}

/** The same store, told of: each change of a task in the log (debug), in the task's trace, and in metrics. With all of them off, the store itself. */
export function observeStore<S extends { readonly tasks: TaskStore }>(
  store: S,
  { telemetry, logger }: ObserveOptions,
): S {
  const logs = logger.enabled?.('debug') ?? true;
  if (!telemetry.traces && !telemetry.metrics && !logs) return store;
  return { ...store, tasks: observeTasks(store.tasks, new TaskReporter(store.tasks, logger)) };
}

type Observed = Pick<
  TaskStore,
  | 'createTasks'
  | 'claimTasks'
  | 'completeTasks'
  | 'failTasks'
  | 'releaseTasks'
  | 'cancelTask'
  | 'redriveTask'
  | 'rescheduleTask'
  | 'expireTasks'
  | 'cancelTasks'
  | 'redriveTasks'
  | 'deleteTasks'
>;

function observeTasks(tasks: TaskStore, reporter: TaskReporter): TaskStore {
  const change = async (what: 'cancel' | 'redrive' | 'reschedule', work: () => Promise<Task>) => {
    const [task, span] = await timed(work);
    reporter.changed(task, what, span);
    return task;
  };
  const changeMany = async (
    { namespace }: TaskBatch,
    what: 'cancel' | 'redrive' | 'delete',
    work: Promise<readonly ChangedTask[]>,
  ) => {
    const changed = await work;
    reporter.changedMany(namespace, changed, what);
    return changed;
  };
  const observed: Observed = {
    async createTasks(request) {
      const [outcomes, span] = await timed(() => tasks.createTasks(request));
      reporter.created(request, outcomes, span);
      return outcomes;
    },
    async claimTasks(claim) {
      const [claimed, span] = await timed(() => tasks.claimTasks(claim));
      reporter.claimed(claimed, span);
      return claimed;
    },
    async completeTasks(namespace, completions) {
      const [outcomes, span] = await timed(() => tasks.completeTasks(namespace, completions));
      reporter.completed(namespace, completions, outcomes, span);
      return outcomes;
    },
    async failTasks(namespace, failures) {
      const [outcomes, span] = await timed(() => tasks.failTasks(namespace, failures));
      reporter.failed(namespace, failures, outcomes, span);
      return outcomes;
    },
    async releaseTasks(namespace, leases) {
      const [outcomes, span] = await timed(() => tasks.releaseTasks(namespace, leases));
      reporter.released(namespace, leases, outcomes, span);
      return outcomes;
    },
    cancelTask: (key: TaskKey) => change('cancel', () => tasks.cancelTask(key)),
    redriveTask: (key: TaskKey) => change('redrive', () => tasks.redriveTask(key)),
    rescheduleTask: (key: TaskKey, runAt: Date) => change('reschedule', () => tasks.rescheduleTask(key, runAt)),
    async expireTasks(limit) {
      const [expired, span] = await timed(() => tasks.expireTasks(limit));
      reporter.expired(expired, span);
      return expired;
    },
    cancelTasks: (batch) => changeMany(batch, 'cancel', tasks.cancelTasks(batch)),
    redriveTasks: (batch) => changeMany(batch, 'redrive', tasks.redriveTasks(batch)),
    deleteTasks: (batch) => changeMany(batch, 'delete', tasks.deleteTasks(batch)),
  };
  // Everything else goes to the store as it is, with the store as `this`: its fields are private.
  return new Proxy(tasks, {
    get(target, name) {
      const own: unknown = Reflect.get(observed, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
