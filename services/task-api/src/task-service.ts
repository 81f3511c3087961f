import { durationFromProto, taskToProto, taskv1, timeFromProto, viewFromProto } from '@orrery/contracts';
import { invalidFields, isTerminal, type Task, type TaskKey, type TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { bind, Checks, type Logger, makePageToken, type ServiceBinding } from '@orrery/service';
import type { ServiceImplementation } from 'nice-grpc';
import type { CallContext } from 'nice-grpc-common';
import { bulkChange, CANCEL, deleteTask, deletion, RETRY } from './bulk-changes.ts';
import { createTask, createTasks } from './create-tasks.ts';
import { CreationStream, type CreationStreamDeps } from './creation-stream.ts';
import type { Definitions } from './definitions.ts';
import { parseListQuery } from './list-query.ts';
import { getStats } from './get-stats.ts';
import { readContext } from './request-context.ts';
import type { SchedulerPort } from './scheduler-port.ts';
import type { Waiters } from './waiters.ts';
import { getTask, waitTask } from './wait-task.ts';
import { WatchStream } from './watch-tasks.ts';

/** The most content in one reply, below the 4 MiB that a client accepts by default. */
const REPLY_BYTES = 3 * 1024 * 1024;

const DEFAULT_WAIT = Duration.ofSeconds(30);
const MAX_WAIT = Duration.ofSeconds(60);

/** What the front door is made of. */
export interface TaskServiceDeps {
  readonly store: TaskStore;
  readonly scheduler: SchedulerPort;
  readonly waiters: Waiters;
  /** The largest params that are accepted, in bytes. */
  readonly maxPayloadBytes: number;
  readonly definitions: Definitions;
  /** Aborted when the process drains: long polls end early. */
  readonly draining: AbortSignal;
  readonly logger: Logger;
}

/** The front door. */
export function taskService(deps: TaskServiceDeps): ServiceBinding {
  const { store, scheduler } = deps;
  const create = async (request: taskv1.CreateTasksRequest): Promise<taskv1.CreateTasksResponse> => {
    const belongTogether = !request.partialSuccess;
    const context = readContext(request.namespace, deps, { belongTogether });
    return { results: await createTasks(deps, request, context) };
  };
  const handlers: ServiceImplementation<typeof taskv1.TaskServiceDefinition> = {
    createTask: async (request) => {
      const context = readContext(request.namespace, deps, { belongTogether: true });
      const { id, deduplicated } = await createTask(deps, request, context);
      const { namespace } = context;
      const [task] = await store.getTasks([{ namespace, id }]);
      // A dedup key may be held longer than its task is kept.
      const created = task ? taskToProto(task, 'BASIC') : { ...taskv1.Task.decode(new Uint8Array()), namespace, id };
      return { task: created, deduplicated };
    },
    createTasks: create,
    streamCreateTasks: (requests, call) => streamCreateTasks(deps, create, requests, call),
    getTask: async (request) => {
      const view = viewFromProto(request.view, 'FULL');
      return { task: taskToProto(await getTask(store, readKey(request)), view) };
    },
    listTasks: async (request) => listTasks(store, request),
    waitTask: async (request, call) => {
      const view = viewFromProto(request.view, 'FULL');
      const signal = AbortSignal.any([call.signal, deps.draining]);
      const task = await waitTask(deps, readKey(request), readWait(request), signal);
      return { task: taskToProto(task, view), finished: isTerminal(task.status) };
    },
    watchTasks: (requests, call) => watchTasks(deps, requests, call),
    cancelTask: async (request) => {
      const task = await store.cancelTask(readKey(request));
      scheduler.wake({ cancels: [task] });
      return { task: taskToProto(task, 'BASIC') };
    },
    retryTask: async (request) => ({ task: taskToProto(await scheduler.retryTask(readKey(request)), 'BASIC') }),
    rescheduleTask: async (request) => {
      const key = readKey(request);
      const runAt = timeFromProto(request.runTime, 'run_time');
      if (!runAt) throw invalidFields([{ field: 'run_time', description: 'is required' }]);
      return { task: taskToProto(await scheduler.rescheduleTask(key, runAt), 'BASIC') };
    },
    deleteTask: async (request) => {
      await deleteTask(deps, readKey(request), request.force);
      return {};
    },
    getStats: async (request) => ({ queues: await getStats(store, request) }),
    bulkRetryTasks: (request, call) => bulkChange(deps, RETRY, request, call.signal),
    bulkCancelTasks: (request, call) => bulkChange(deps, CANCEL, request, call.signal),
    bulkDeleteTasks: (request, call) => bulkChange(deps, deletion(request.force), request, call.signal),
  };
  return bind(taskv1.TaskServiceDefinition, handlers, { longPolls: ['waitTask'] });
}

async function listTasks(store: TaskStore, request: taskv1.ListTasksRequest): Promise<taskv1.ListTasksResponse> {
  const { query, pageSize, view, boundTo } = parseListQuery(request);
  const found = await store.listTasks(query);
  const page = cutPage(found.slice(0, pageSize), view);
  const last = page.at(-1);
  return {
    tasks: page.map((task) => taskToProto(task, view)),
    nextPageToken: found.length > page.length && last ? makePageToken(last.id, boundTo) : '',
  };
}

/** A page in FULL view is cut where it would outgrow one reply. */
function cutPage(tasks: readonly Task[], view: 'BASIC' | 'FULL'): readonly Task[] {
  if (view !== 'FULL') return tasks;
  let bytes = 0;
  const end = tasks.findIndex((task) => (bytes += sizeOf(task)) > REPLY_BYTES);
  return end < 0 ? tasks : tasks.slice(0, Math.max(end, 1));
}

function sizeOf(task: Task): number {
  const errors = task.failedAttempts.length === 0 ? 0 : JSON.stringify(task.failedAttempts).length;
  return 1024 + task.params.data.length + (task.result?.data.length ?? 0) + errors;
}

/** Until it has heard from us a client keeps all it has said on a stream, to say it again on another connection. */
function answerAtOnce(call: CallContext): void {
  call.sendHeader();
}

async function* streamCreateTasks(
  { logger, draining }: TaskServiceDeps,
  create: CreationStreamDeps['create'],
  requests: AsyncIterable<taskv1.StreamCreateTasksRequest>,
  call: CallContext,
): AsyncGenerator<taskv1.StreamCreateTasksResponse> {
  answerAtOnce(call);
  const stream = new CreationStream({ create, logger });
  const signal = AbortSignal.any([call.signal, draining]);
  const finish = (): void => stream.finish();
  signal.addEventListener('abort', finish);
  if (signal.aborted) finish();
  try {
    void stream.receiveAll(requests);
    yield* stream.outgoing;
  } finally {
    signal.removeEventListener('abort', finish);
  }
}

async function* watchTasks(
  deps: TaskServiceDeps,
  requests: AsyncIterable<taskv1.WatchTasksRequest>,
  call: CallContext,
): AsyncGenerator<taskv1.WatchTasksResponse> {
  answerAtOnce(call);
  const stream = new WatchStream(deps);
  const signal = AbortSignal.any([call.signal, deps.draining]);
  const close = (): void => stream.close();
  signal.addEventListener('abort', close);
  try {
    void stream.receiveAll(requests);
    yield* stream.outgoing;
  } finally {
    signal.removeEventListener('abort', close);
    stream.close();
  }
}

function readKey(request: { readonly namespace: string; readonly taskId: string }): TaskKey {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const id = checks.name('task_id', request.taskId);
  checks.done();
  return { namespace, id };
}

function readWait(request: taskv1.WaitTaskRequest): number {
  const wait = durationFromProto(request.timeout, 'timeout') ?? DEFAULT_WAIT;
  if (wait.isNegative) throw invalidFields([{ field: 'timeout', description: 'must not be negative' }]);
  return Math.min(wait.toMillis(), MAX_WAIT.toMillis());
}
