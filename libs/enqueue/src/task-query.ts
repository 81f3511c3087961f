import { type Labels, type RetryInput, type RetryPolicy, toRetryPolicy } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { activeTraceparent, currentTask, encodePayload } from '@orrery/rpc';

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
