import { taskTypeDefaultsToProto, taskTypeFromProto, taskv1 } from '@orrery/contracts';
import { type DedupWindow, type Labels, type RetryInput, type TaskType, toRetryPolicy } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { OrreryError } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import type { AbortOptions } from './tasks.ts';

/** What holds for the tasks of a type that do not say otherwise. */
export interface TypeDefaults {
  readonly queue?: string;
  readonly priority?: number;
  readonly retry?: RetryInput;
  readonly runTimeout?: DurationInput;
  /** How long they are kept after they have ended. */
  readonly retention?: DurationInput;
  readonly labels?: Labels;
  /** Tasks with the same params are duplicates: "WHILE_ACTIVE", "FOREVER", or for a time from the creation of the first. */
  readonly dedup?: DurationInput;
}

/** A kind of work, to be registered. */
export interface NewTaskType {
  /** E.g. "PrismQ.YouTube.Channel.Scrape". */
  readonly name: string;
  /** Default 1. Versions stand side by side. */
  readonly version?: number;
  readonly description?: string;
  /** The JSON Schema (2020-12) that params must satisfy. Default: params are not looked at. */
  readonly params?: object | boolean;
  readonly defaults?: TypeDefaults;
}

/** A type as it is after it was registered, and what has been done. */
export interface RegisteredType {
  readonly type: TaskType;
  readonly outcome: 'CREATED' | 'UPDATED' | 'UNCHANGED';
}

/** Everything that can be done with task types. Every method rejects with an OrreryError, or with the reason of its signal. */
export interface TaskTypes {
  /** Adds a version of a type or replaces it, and makes it active. */
  register(type: NewTaskType, options?: AbortOptions): Promise<RegisteredType>;
  /** One version of a type; by default the newest active one. */
  get(name: string, options?: AbortOptions & { readonly version?: number }): Promise<TaskType>;
  /** The types of the namespace by name and version, page after page. */
  list(options?: AbortOptions & { readonly activeOnly?: boolean }): AsyncIterable<TaskType>;
  /** Ends the creation of tasks of a version. */
  deactivate(name: string, version: number, options?: AbortOptions): Promise<TaskType>;
}

/** Task types over a connection. */
export function createTaskTypes(connection: Connection): TaskTypes {
  const { namespace } = connection.settings;
  const stub = connection.types;
  return {
    async register(type, { signal } = {}) {
      const request = { taskType: toTaskType(type, namespace) };
      const reply = await connection.call((options) => stub.registerTaskType(request, options), signal);
      return { type: present(reply), outcome: toOutcome(reply.outcome) };
    },
    async get(name, { version = 0, signal } = {}) {
      const request = { namespace, name, version };
      return present(await connection.call((options) => stub.getTaskType(request, options), signal));
    },
    async *list({ activeOnly = false, signal } = {}) {
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const request: taskv1.ListTaskTypesRequest = { namespace, activeOnly, pageSize: 0, pageToken };
        const page = await connection.call((options) => stub.listTaskTypes(request, options), signal);
        yield* page.taskTypes.map((type) => taskTypeFromProto(type));
        pageToken = page.nextPageToken || undefined;
      }
    },
    async deactivate(name, version, { signal } = {}) {
      const request = { namespace, name, version };
      return present(await connection.call((options) => stub.deactivateTaskType(request, options), signal));
    },
  };
}

function toTaskType(type: NewTaskType, namespace: string): taskv1.TaskType {
  const { name, version = 1, description = '', params, defaults = {} } = type;
  const { retry, runTimeout, retention, dedup, ...rest } = defaults;
  return {
    namespace,
    name,
    version,
    description,
    paramSchema: params === undefined ? '' : JSON.stringify(params),
    defaults: taskTypeDefaultsToProto({
      ...rest,
      ...(retry !== undefined && { retryPolicy: toRetryPolicy(retry) }),
      ...(runTimeout !== undefined && { runTimeout: Duration.from(runTimeout) }),
      ...(retention !== undefined && { retention: Duration.from(retention) }),
      ...(dedup !== undefined && { dedup: toWindow(dedup) }),
    }),
    active: true,
    createTime: undefined,
    updateTime: undefined,
  };
}

function toWindow(window: DurationInput): DedupWindow {
  return window === 'WHILE_ACTIVE' || window === 'FOREVER' ? window : Duration.from(window);
}

function toOutcome(outcome: taskv1.RegisterOutcome): RegisteredType['outcome'] {
  if (outcome === taskv1.RegisterOutcome.CREATED) return 'CREATED';
  return outcome === taskv1.RegisterOutcome.UPDATED ? 'UPDATED' : 'UNCHANGED';
}

function present({ taskType }: { readonly taskType: taskv1.TaskType | undefined }): TaskType {
  if (taskType) return taskTypeFromProto(taskType);
  throw new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message: 'the reply has no task type' });
}
