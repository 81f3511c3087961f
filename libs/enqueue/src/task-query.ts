import { type Labels, type RetryInput, type RetryPolicy, toRetryPolicy } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { activeTraceparent, currentTask, encodePayload } from '@orrery/rpc';

/** By what duplicates of a task are known, and for how long. */
export interface EnqueueDedup {
  /** Tasks of the namespace with the same key are duplicates of each other, whatever their types. */
  readonly key: string;
  /** How long the task holds the key: "WHILE_ACTIVE" (the default), "FOREVER", or for a time from its creation. */
  readonly window?: DurationInput;
}

/** What an application may decide about a task that it creates. */
export interface EnqueueOptions {
  /** An id of the caller's choice. Default: the database makes one. */
  readonly id?: string;
  /** Default "default". */
  readonly namespace?: string;
  /** Default "default". */
  readonly queue?: string;
  /** Higher runs first. Default 0. */
  readonly priority?: number;
  /** Not before this time. Only one of `runAt` and `delay`. */
  readonly runAt?: Date;
  /** Not before this long from when the transaction began. */
  readonly delay?: DurationInput;
  /** Default "exponential": 1 s doubling up to 1 h, 5 attempts, ±25 %. */
  readonly retry?: RetryInput;
  /** How long one attempt may run. Default: no limit. */
  readonly runTimeout?: DurationInput;
  /** How long it may wait for a worker once it is due; then it ends as FAILED. Default: no limit. */
  readonly queueTimeout?: DurationInput;
  /** How long its handler may go without reporting progress or a heartbeat; at least 1 s. Default: no limit. */
  readonly heartbeatTimeout?: DurationInput;
  /** How long it is kept after it has ended, its result with it; at least 1 min. Default: as long as such tasks are kept. */
  readonly retention?: DurationInput;
  /** The tenant or resource it belongs to: keys take turns, and limits may hold for each of them. Default: none. */
  readonly key?: string;
  /** Creates nothing while another task holds the same key: the id is that one's. Default: none. */
  readonly dedup?: EnqueueDedup;
  readonly labels?: Labels;
  /** Default: that of the task whose handler is running, else the database makes one. */
  readonly correlationId?: string;
  /** Default: the task whose handler is running. */
  readonly parentTaskId?: string;
  /** W3C trace context. Default: the active span's, else that of the task whose handler is running. */
  readonly traceparent?: string;
}

/** A statement with its values, `$1` being the first. */
export interface TaskQuery {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** The parameters of `orrery_create_task` and what each value is cast to. */
const PARAMETERS = [
  ['type', 'text'],
  ['params_bytes', 'bytea'],
  ['params_type', 'text'],
  ['id', 'text'],
  ['namespace', 'text'],
  ['queue', 'text'],
  ['priority', 'integer'],
  ['run_at', 'timestamptz'],
  ['delay', 'interval'],
  ['retry', 'jsonb'],
  ['run_timeout', 'interval'],
  ['queue_timeout', 'interval'],
  ['heartbeat_timeout', 'interval'],
  ['retention', 'interval'],
  ['flow_key', 'text'],
  ['dedup_key', 'text'],
  ['dedup_window', 'text'],
  ['dedup_for', 'interval'],
  ['labels', 'jsonb'],
  ['correlation_id', 'text'],
  ['parent_task_id', 'text'],
  ['traceparent', 'text'],
] as const;

const ARGUMENTS = PARAMETERS.map(([name, type], index) => `${name} => $${index + 1}::${type}`).join(', ');

/**
 * The statement that creates a task, for drivers that `createTask` does not know; its only row has the column `id`. `schema` is
 * where Orrery's tables are, if not on the search path. Throws PayloadError, RangeError or InvalidDurationError.
 */
export function taskQuery(
  type: string,
  params?: unknown,
  options: EnqueueOptions & { readonly schema?: string } = {},
): TaskQuery {
  if (options.runAt && options.delay !== undefined) throw new RangeError('only one of runAt and delay may be given');
  const payload = encodePayload(params);
  const parent = currentTask();
  const values: Record<(typeof PARAMETERS)[number][0], unknown> = {
    type,
    params_bytes: payload && Buffer.from(payload.data.buffer, payload.data.byteOffset, payload.data.byteLength),
    params_type: payload?.contentType,
    id: options.id,
    namespace: options.namespace,
    queue: options.queue,
    priority: options.priority,
    run_at: options.runAt?.toISOString(),
    delay: interval(options.delay),
    retry: options.retry === undefined ? undefined : policyJson(toRetryPolicy(options.retry)),
    run_timeout: interval(options.runTimeout),
    queue_timeout: interval(options.queueTimeout),
    heartbeat_timeout: interval(options.heartbeatTimeout),
    retention: interval(options.retention),
    flow_key: options.key,
    ...dedupValues(options.dedup),
    labels: options.labels && JSON.stringify(options.labels),
    correlation_id: options.correlationId ?? parent?.correlationId,
    parent_task_id: options.parentTaskId ?? parent?.taskId,
    traceparent: options.traceparent ?? (activeTraceparent() || parent?.traceparent),
  };
  return {
    text: `select ${schemaPrefix(options.schema)}orrery_create_task(${ARGUMENTS}) as id`,
    values: PARAMETERS.map(([name]) => values[name] ?? null),
  };
}

function dedupValues(dedup: EnqueueDedup | undefined) {
  const { key, window } = dedup ?? {};
  if (key === '') throw new RangeError('a dedup key must not be empty');
  const isNamed = window === 'WHILE_ACTIVE' || window === 'FOREVER';
  return {
    dedup_key: key,
    dedup_window: isNamed ? window : undefined,
    dedup_for: isNamed ? undefined : interval(window),
  };
}

function schemaPrefix(schema: string | undefined): string {
  return schema === undefined ? '' : `"${schema.replaceAll('"', '""')}".`;
}

/** A length of time as PostgreSQL reads it, e.g. "1.5s". */
function interval(input: DurationInput | undefined): string | undefined {
  return input === undefined ? undefined : Duration.from(input).toJSON();
}

function policyJson({ initialDelay, maxDelay, ...rest }: RetryPolicy): string {
  return JSON.stringify({ ...rest, initialDelay: initialDelay.toJSON(), maxDelay: maxDelay.toJSON() });
}
