import { durationFromProto, taskFromProto, taskv1 } from '@orrery/contracts';
import type { QueueStats, Task } from '@orrery/core';
import { OrreryError, traceCreation } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import { bulkChange, type BulkOptions, type BulkProgress, type BulkSelection } from './bulk-change.ts';
import { createAll, createAlone, createBatcher, type Created, MAX_BATCH_ITEMS } from './create-tasks.ts';
import { CreationStreams } from './creation-stream.ts';
import { listPage, listTasks, type TaskPage, type TaskQuery } from './list-tasks.ts';
import { resultOf, type TaskHandle, type WaitOptions, waitWithin } from './task-handle.ts';
import { type NewTask, type TaskOptions, toTaskSpec } from './task-spec.ts';
import { TaskWatcher } from './task-watcher.ts';
import { watchTasks } from './watch-tasks.ts';

/** What ends a call early. */
export interface AbortOptions {
  readonly signal?: AbortSignal;
}

/** How one task is created. */
export interface CreateOptions extends TaskOptions, AbortOptions {
  /** Makes the call idempotent across processes: the same id with the same task creates nothing new for 24 hours. */
  readonly requestId?: string;
}

/** How many tasks are created. */
export interface CreateManyOptions extends AbortOptions {
  readonly requestId?: string;
}

/** Everything that can be done with tasks. Every method rejects with an OrreryError, or with the reason of its signal. */
export interface Tasks {
  /** Creates a task; once it resolves, the task cannot be lost. Concurrent calls share requests. */
  create<R = unknown>(type: string, params?: unknown, options?: CreateOptions): Promise<TaskHandle<R>>;
  /** Creates up to 1,000 tasks: all or none. */
  createMany(
    tasks: readonly NewTask[],
    options?: CreateManyOptions & { atomic?: true },
  ): Promise<readonly TaskHandle[]>;
  /** Creates any number of tasks, each for itself. */
  createMany(
    tasks: readonly NewTask[],
    options: AbortOptions & { atomic: false },
  ): Promise<readonly PromiseSettledResult<TaskHandle>[]>;
  /** A handle for a task that exists already; nothing is asked of the server. */
  handle<R = unknown>(id: string): TaskHandle<R>;
  get(id: string, options?: AbortOptions): Promise<Task>;
  list(query?: TaskQuery): AsyncIterable<Task>;
  listPage(query?: TaskQuery, pageToken?: string): Promise<TaskPage>;
  /** The task once it has ended, however it ended. */
  wait(id: string, options?: WaitOptions): Promise<Task>;
  /** The tasks of these ids, each once, in the order in which they end. */
  watch(ids: Iterable<string>, options?: AbortOptions): AsyncIterable<Task>;
  /** Cancels a PENDING task at once and a RUNNING one as soon as its worker has heard of it; refused once it has ended otherwise. */
  cancel(id: string, options?: AbortOptions): Promise<Task>;
  /** Sets a FAILED task PENDING again, due now. */
  retry(id: string, options?: AbortOptions): Promise<Task>;
  /** The live tasks, counted by queue, or by queue and type; those without any are left out. */
  stats(options?: AbortOptions & { readonly byType?: boolean }): Promise<readonly Omit<QueueStats, 'namespace'>[]>;
  /** Deletes a task that has ended; others only by `force`. */
  delete(id: string, options?: AbortOptions & { readonly force?: boolean }): Promise<void>;
  /** Redrives FAILED tasks, all that match. */
  bulkRetry(selection: BulkSelection, options?: BulkOptions): Promise<BulkProgress>;
  /** Cancels PENDING and RUNNING tasks, all that match. */
  bulkCancel(selection: BulkSelection, options?: BulkOptions): Promise<BulkProgress>;
  /** Deletes tasks that have ended, all that match; others only by `force`. */
  bulkDelete(selection: BulkSelection, options?: BulkOptions & { readonly force?: boolean }): Promise<BulkProgress>;
  /** Sets the time at which a PENDING task may run. */
  reschedule(id: string, runAt: Date, options?: AbortOptions): Promise<Task>;
}

/** Tasks over a connection, and how to leave: what is being created is let through, what is awaited is rejected. */
export function createTasks(connection: Connection): {
  readonly tasks: Tasks;
  readonly close: (error: Error) => Promise<void>;
} {
  const { settings, stub } = connection;
  const { namespace, timers } = settings;
  const creations = new CreationStreams(connection);
  const batcher = createBatcher(connection, creations);
  const watcher = new TaskWatcher(connection);

  const wait = (id: string, options: WaitOptions = {}) =>
    waitWithin(timers, options, (signal) => watcher.ended(id, signal));
  const get = async (id: string, { signal }: AbortOptions = {}) => {
    const request = { namespace, taskId: id, view: taskv1.TaskView.FULL };
    return present(await connection.call((options) => stub.getTask(request, options), signal));
  };
  const cancel = async (id: string, { signal }: AbortOptions = {}) =>
    present(await connection.call((options) => stub.cancelTask({ namespace, taskId: id }, options), signal));
  const toHandle = <R>({ id, deduplicated }: Created): TaskHandle<R> => ({
    id,
    deduplicated,
    wait: (options) => wait(id, options),
    result: async (options) => resultOf(await wait(id, options)) as R,
    get: (options) => get(id, options),
    cancel: (options) => cancel(id, options),
  });

  /** Bad tasks are refused before anything is traced or sent. */
  function createOne(task: NewTask, requestId: string | undefined, signal: AbortSignal | undefined): Promise<Created> {
    const origin = settings.origin();
    const { type, queue, correlationId = origin.correlationId } = task;
    const spec = toTaskSpec(task, origin);
    return traceCreation({ type, queue, correlationId, count: 1 }, origin, (traceparent) => {
      spec.traceparent = traceparent;
      return requestId ? createAlone(connection, spec, requestId, signal) : batcher.add(spec, signal);
    });
  }

  async function createAtOnce(
    tasks: readonly NewTask[],
    requestId: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<readonly Created[]> {
    const origin = settings.origin();
    const specs = asBatch(tasks).map((task) => toTaskSpec(task, origin));
    const creation = { type: inCommon(specs, 'type'), queue: inCommon(specs, 'queue') };
    const { correlationId } = origin;
    return traceCreation({ ...creation, correlationId, count: specs.length }, origin, (traceparent) => {
      for (const spec of specs) spec.traceparent = traceparent;
      return createAll(connection, specs, requestId, signal);
    });
  }

  async function createMany(
    tasks: readonly NewTask[],
    { atomic = true, requestId, signal }: CreateManyOptions & { atomic?: boolean } = {},
  ): Promise<never> {
    const made = atomic
      ? (await createAtOnce(tasks, requestId, signal)).map(toHandle)
      : await Promise.allSettled(tasks.map(async (task) => toHandle(await createOne(task, undefined, signal))));
    return made as never;
  }

  const tasks: Tasks = {
    async create(type, params, { requestId, signal, ...options } = {}) {
      return toHandle(await createOne({ ...options, type, params }, requestId, signal));
    },
    createMany,
    handle: (id) => toHandle({ id, deduplicated: false }),
    get,
    list: (query = {}) => listTasks(connection, query),
    listPage: (query = {}, pageToken) => listPage(connection, query, pageToken),
    wait,
    watch: (ids, { signal } = {}) => watchTasks(watcher, ids, signal),
    cancel,
    async retry(id, { signal } = {}) {
      return present(await connection.call((options) => stub.retryTask({ namespace, taskId: id }, options), signal));
    },
    async stats({ signal, byType = false } = {}) {
      const { queues } = await connection.call((options) => stub.getStats({ namespace, byType }, options), signal);
      return queues.map(({ queue, type, readyCount, scheduledCount, runningCount, oldestReadyAge }) => ({
        queue,
        ...(byType && { type }),
        ready: Number(readyCount),
        scheduled: Number(scheduledCount),
        running: Number(runningCount),
        oldestReadyFor: durationFromProto(oldestReadyAge, 'oldest_ready_age'),
      }));
    },
    async delete(id, { signal, force = false } = {}) {
      await connection.call((options) => stub.deleteTask({ namespace, taskId: id, force }, options), signal);
    },
    bulkRetry: (selection, options) => bulkChange(connection, selection, options, stub.bulkRetryTasks.bind(stub)),
    bulkCancel: (selection, options) => bulkChange(connection, selection, options, stub.bulkCancelTasks.bind(stub)),
    bulkDelete: (selection, { force = false, ...options } = {}) =>
      bulkChange(connection, selection, options, (request, call) => stub.bulkDeleteTasks({ ...request, force }, call)),
    async reschedule(id, runAt, { signal } = {}) {
      const request = { namespace, taskId: id, runTime: runAt };
      return present(await connection.call((options) => stub.rescheduleTask(request, options), signal));
    },
  };
  const close = async (error: Error) => {
    watcher.close(error);
    await batcher.whenIdle();
    batcher.close(error);
    creations.close();
  };
  return { tasks, close };
}

function asBatch(tasks: readonly NewTask[]): readonly NewTask[] {
  if (tasks.length <= MAX_BATCH_ITEMS) return tasks;
  const message = `${tasks.length} tasks cannot be created all or none, at most ${MAX_BATCH_ITEMS} can; say atomic: false`;
  throw new OrreryError({ code: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', message, metadata: { field: 'tasks' } });
}

/** What all tasks have; undefined: they differ, or there is none. */
function inCommon(specs: readonly taskv1.TaskSpec[], field: 'type' | 'queue'): string | undefined {
  const values = new Set(specs.map((spec) => spec[field]));
  const [value] = values;
  return values.size === 1 && value ? value : undefined;
}

function present({ task }: { task: taskv1.Task | undefined }): Task {
  if (task) return taskFromProto(task);
  throw new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'the reply has no task' });
}
