import { randomUUID } from 'node:crypto';
import { refusalToRpc, type rpc, taskErrorToProto, taskv1 } from '@orrery/contracts';
import { invalidFields, type Refusal, taskNotFound } from '@orrery/core';
import { Outgoing } from '@orrery/rpc';
import { Inbox, refuseCall } from '@orrery/rpc/testing';
import { TaskError } from '@orrery/task-error';
import { type CallContext, createServer, ServerError, Status } from 'nice-grpc';

/** A create call as the server got it. */
export interface CreateCall {
  readonly method: 'createTask' | 'createTasks';
  readonly requestId: string;
  readonly tasks: readonly taskv1.TaskSpec[];
  readonly partialSuccess: boolean;
  readonly authorization: string | undefined;
  readonly correlationId: string | undefined;
}

/** A watch stream as the server sees it. */
export interface WatchStream {
  /** Ids in the order in which they were asked for, message by message. */
  readonly asked: Inbox<readonly string[]>;
  cut(): void;
}

/** A task-api that keeps its tasks in memory, over a real socket; a spec ends tasks and breaks calls as it likes. */
export interface TestTaskApi {
  readonly address: string;
  readonly calls: CreateCall[];
  readonly arrived: Inbox<CreateCall>;
  readonly streams: Inbox<WatchStream>;
  /** Streams of creations: each is put in when it is opened, and says when its caller has ended it. */
  readonly creations: Inbox<{ readonly ended: Promise<void> }>;
  readonly tasks: Map<string, taskv1.Task>;
  /** Runs before each create call is carried out, or after it and before the reply. */
  readonly hooks: { before: () => Promise<void>; beforeReply: () => Promise<void>; refuse: Refusal | null };
  end(id: string, change: Partial<taskv1.Task>): void;
  close(): void;
}

const EPOCH = new Date('2030-01-01T00:00:00Z');

export async function startTestTaskApi(): Promise<TestTaskApi> {
  const calls: CreateCall[] = [];
  const arrived = new Inbox<CreateCall>();
  const streams = new Inbox<WatchStream>();
  const creations = new Inbox<{ readonly ended: Promise<void> }>();
  const tasks = new Map<string, taskv1.Task>();
  const replies = new Map<string, readonly taskv1.CreateTaskResult[]>();
  const watchers = new Map<string, Set<Outgoing<taskv1.WatchTasksResponse>>>();
  const hooks: TestTaskApi['hooks'] = { before: nothing, beforeReply: nothing, refuse: null };

  const createOne = (spec: taskv1.TaskSpec): taskv1.CreateTaskResult => {
    const taskId = spec.id || randomUUID();
    if (spec.type === '') return { taskId, deduplicated: false, error: refused() };
    const deduplicated = tasks.has(taskId);
    if (!deduplicated) tasks.set(taskId, newTask(taskId, spec));
    return { taskId, deduplicated, error: undefined };
  };
  const create = async (call: CreateCall, context: CallContext) => {
    calls.push(call);
    arrived.put(call);
    if (hooks.refuse) throw refuseCall(context, hooks.refuse);
    await hooks.before();
    const results = replies.get(call.requestId) ?? call.tasks.map(createOne);
    replies.set(call.requestId, results);
    await hooks.beforeReply();
    return results;
  };
  const find = (id: string, context: CallContext) => {
    const task = tasks.get(id);
    if (!task) throw refuseCall(context, taskNotFound('default', id));
    return { task };
  };

  const server = createServer();
  server.add(taskv1.TaskServiceDefinition, {
    async createTask({ task, requestId }, context) {
      const metadata = metadataOf(context);
      const call = {
        method: 'createTask' as const,
        requestId,
        tasks: task ? [task] : [],
        partialSuccess: false,
        ...metadata,
      };
      const [result] = await create(call, context);
      return { task: tasks.get(result?.taskId ?? ''), deduplicated: result?.deduplicated ?? false };
    },
    async createTasks({ tasks: specs, requestId, partialSuccess }, context) {
      const metadata = metadataOf(context);
      const call = { method: 'createTasks' as const, requestId, tasks: specs, partialSuccess, ...metadata };
      return { results: [...(await create(call, context))] };
    },
    async *streamCreateTasks(requests, context) {
      const down = new Outgoing<taskv1.StreamCreateTasksResponse>();
      const ended = Promise.withResolvers<void>();
      creations.put({ ended: ended.promise });
      const answer = async ({ creation }: taskv1.StreamCreateTasksRequest) => {
        const {
          tasks: specs,
          requestId,
          partialSuccess,
        } = creation ?? taskv1.CreateTasksRequest.decode(new Uint8Array());
        const call = {
          method: 'createTasks' as const,
          requestId,
          tasks: specs,
          partialSuccess,
          ...metadataOf(context),
        };
        down.push({ requestId, outcome: { $case: 'created', value: { results: [...(await create(call, context))] } } });
      };
      void (async () => {
        const answers: Promise<void>[] = [];
        for await (const request of requests) answers.push(answer(request).catch((error: unknown) => down.end(error)));
        ended.resolve();
        await Promise.all(answers);
        down.end();
      })().catch((error: unknown) => down.end(error));
      yield* down;
    },
    async *watchTasks(requests) {
      const down = new Outgoing<taskv1.WatchTasksResponse>();
      const cut = Promise.withResolvers<never>();
      cut.promise.catch(() => undefined);
      const asked = new Inbox<readonly string[]>();
      streams.put({ asked, cut: () => cut.reject(new ServerError(Status.UNAVAILABLE, 'cut by the spec')) });
      void (async () => {
        for await (const { taskIds } of requests) {
          asked.put(taskIds);
          const known = taskIds.flatMap((id) => tasks.get(id) ?? []);
          const ended = known.filter(({ finishTime }) => finishTime);
          const unknownTaskIds = taskIds.filter((id) => !tasks.has(id));
          if (ended.length + unknownTaskIds.length > 0) down.push({ tasks: ended, unknownTaskIds });
          for (const { id } of known) watchers.set(id, (watchers.get(id) ?? new Set()).add(down));
        }
      })().catch(() => undefined);
      const messages = down[Symbol.asyncIterator]();
      for (;;) {
        const next = await Promise.race([messages.next(), cut.promise]);
        if (next.done) return;
        yield next.value;
      }
    },
    getTask: async ({ taskId }, context) => find(taskId, context),
    cancelTask: async ({ taskId }, context) => find(taskId, context),
    retryTask: async ({ taskId }, context) => find(taskId, context),
    rescheduleTask: async ({ taskId }, context) => find(taskId, context),
    deleteTask: async () => ({}),
    getStats: async () => ({ queues: [] }),
    async *bulkRetryTasks() {},
    async *bulkCancelTasks() {},
    async *bulkDeleteTasks() {},
    async listTasks({ pageSize, pageToken, filter }) {
      const from = Number(pageToken || 0);
      const matching = [...tasks.values()].filter(
        ({ type }) => filter?.types.length === 0 || filter?.types.includes(type),
      );
      const page = matching.slice(from, from + pageSize);
      return { tasks: page, nextPageToken: from + pageSize < matching.length ? String(from + pageSize) : '' };
    },
    async waitTask() {
      throw new ServerError(Status.UNIMPLEMENTED, 'not part of this spec');
    },
  });
  const port = await server.listen('127.0.0.1:0');
  return {
    address: `127.0.0.1:${port}`,
    calls,
    arrived,
    streams,
    creations,
    tasks,
    hooks,
    end(id, change) {
      const task = { ...newTask(id, undefined), ...tasks.get(id), finishTime: EPOCH, ...change };
      tasks.set(id, task);
      for (const down of watchers.get(id) ?? []) down.push({ tasks: [task], unknownTaskIds: [] });
      watchers.delete(id);
    },
    close: () => server.forceShutdown(),
  };
}

/** How a task ended well, with a JSON result. */
export function succeeded(result: unknown): Partial<taskv1.Task> {
  const data = new TextEncoder().encode(JSON.stringify(result));
  return { status: taskv1.TaskStatus.SUCCEEDED, result: { data, contentType: 'application/json' } };
}

/** How a task ended badly. */
export function failed(message: string): Partial<taskv1.Task> {
  return {
    status: taskv1.TaskStatus.FAILED,
    error: taskErrorToProto(new TaskError({ message, errorType: 'business' }).toData()),
  };
}

function metadataOf({ metadata }: CallContext) {
  return { authorization: metadata.get('authorization'), correlationId: metadata.get('x-correlation-id') };
}

async function nothing(): Promise<void> {}

function refused(): rpc.Status {
  return refusalToRpc(invalidFields([{ field: 'task.type', description: 'is required' }]));
}

function newTask(id: string, spec: taskv1.TaskSpec | undefined): taskv1.Task {
  return {
    id,
    namespace: 'default',
    queue: spec?.queue ?? 'default',
    type: spec?.type ?? 'echo',
    params: spec?.params,
    priority: spec?.priority ?? 0,
    flowKey: spec?.flowKey ?? '',
    status: taskv1.TaskStatus.PENDING,
    runTime: EPOCH,
    attempt: 0,
    maxAttempts: 5,
    retryPolicy: spec?.retryPolicy ?? {
      maxAttempts: 5,
      initialDelay: { seconds: 1n, nanos: 0 },
      maxDelay: { seconds: 3600n, nanos: 0 },
      multiplier: 2,
      jitter: 0.25,
      predicate: taskv1.RetryPredicate.ON_RETRYABLE_ERROR,
      errorTypes: [],
    },
    runTimeout: undefined,
    result: undefined,
    error: undefined,
    labels: {},
    correlationId: '',
    traceparent: '',
    parentTaskId: '',
    dedupKey: '',
    typeVersion: 0,
    workerId: '',
    leaseExpireTime: undefined,
    cancelRequestTime: undefined,
    createTime: EPOCH,
    updateTime: EPOCH,
    startTime: undefined,
    finishTime: undefined,
    failedAttempts: [],
    scheduleId: '',
    revision: 1n,
    progressMessage: '',
    queueTimeout: spec?.queueTimeout,
    heartbeatTimeout: spec?.heartbeatTimeout,
    retention: spec?.retention,
  };
}
