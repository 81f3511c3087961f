import { dedupToProto, durationToProto, payloadToProto, retryPolicyToProto, type taskv1 } from '@orrery/contracts';
import { type Labels, type Payload, type RetryInput, toRetryPolicy } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { type CallOrigin, currentTask, encodePayload } from '@orrery/rpc';

/** By what duplicates of a task are known, and for how long. */
export interface DedupOptions {
  /** Tasks of the namespace with the same key are duplicates of each other. Default: those of the same type with the same params. */
  readonly key?: string;
  /** How long the task holds the key: "WHILE_ACTIVE" (the default), "FOREVER", or for a time from its creation. */
  readonly window?: DurationInput;
}

/** What a caller may decide about a task. */
export interface TaskOptions {
  /** An id of the caller's choice. Default: the server makes one. */
  readonly id?: string;
  /** Default "default". */
  readonly queue?: string;
  /** Higher runs first. Default 0. */
  readonly priority?: number;
  /** The tenant or resource it belongs to: keys take turns, and limits may hold for each of them. Default: none. */
  readonly key?: string;
  /** Not before this time. Only one of `runAt` and `delay`. */
  readonly runAt?: Date;
  /** Not before this long from now. */
  readonly delay?: DurationInput;
  /** Default "exponential": 1 s doubling up to 1 h, 5 attempts, ±25 %. */
  readonly retry?: RetryInput;
  /** How long one attempt may run. Default: no limit. */
  readonly runTimeout?: DurationInput;
  /** How long it may wait for a worker once it is due; then it ends as FAILED. Default: no limit. */
  readonly queueTimeout?: DurationInput;
  /** How long its handler may go without reporting progress or a heartbeat; at least 1 s. Default: no limit. */
  readonly heartbeatTimeout?: DurationInput;
  /** How long it is kept after it has ended, its result with it; at least 1 min. Default: as long as the server keeps such tasks. */
  readonly retention?: DurationInput;
  readonly labels?: Labels;
  /** Default: that of the task whose handler is running, else the client's origin, else the server makes one. */
  readonly correlationId?: string;
  /** Default: the task whose handler is running. */
  readonly parentTaskId?: string;
  /** Creates nothing while another task counts as the same: the handle is that one's. Default: that of the type, or none. */
  readonly dedup?: DedupOptions;
  /** Default: the newest active one, if the type is registered. */
  readonly typeVersion?: number;
}

/** A task to be created, as one of many. */
export interface NewTask extends TaskOptions {
  readonly type: string;
  /** Any JSON value, or a Payload of bytes with a content type. */
  readonly params?: unknown;
}

/** A task to be created as it goes over the wire; throws PayloadError, RangeError or InvalidDurationError. */
export function toTaskSpec(task: NewTask, origin: CallOrigin): taskv1.TaskSpec {
  if (task.runAt && task.delay !== undefined) throw new RangeError('only one of runAt and delay may be given');
  const parent = currentTask();
  return {
    id: task.id ?? '',
    queue: task.queue ?? '',
    type: task.type,
    params: wirePayload(encodePayload(task.params)),
    priority: task.priority,
    runTime: task.runAt,
    delay: wireDuration(task.delay),
    retryPolicy: task.retry === undefined ? undefined : retryPolicyToProto(toRetryPolicy(task.retry)),
    runTimeout: wireDuration(task.runTimeout),
    queueTimeout: wireDuration(task.queueTimeout),
    heartbeatTimeout: wireDuration(task.heartbeatTimeout),
    retention: wireDuration(task.retention),
    labels: { ...task.labels },
    correlationId: task.correlationId ?? parent?.correlationId ?? origin.correlationId ?? '',
    // Set by whoever traces the creation.
    traceparent: '',
    parentTaskId: task.parentTaskId ?? parent?.taskId ?? '',
    flowKey: task.key ?? '',
    dedup: task.dedup && toDedup(task.dedup),
    typeVersion: task.typeVersion ?? 0,
  };
}

/** About how many bytes a task takes up in a request: exact for params, a guess for the rest. */
export function sizeOfSpec(spec: taskv1.TaskSpec): number {
  return (spec.params?.data.byteLength ?? 0) + 512 + 128 * Object.keys(spec.labels).length;
}

function toDedup({ key = '', window = 'WHILE_ACTIVE' }: DedupOptions): taskv1.Dedup {
  return dedupToProto({
    key,
    window: window === 'WHILE_ACTIVE' || window === 'FOREVER' ? window : Duration.from(window),
  });
}

function wirePayload(payload: Payload | null): taskv1.Payload | undefined {
  return payload ? payloadToProto(payload) : undefined;
}

function wireDuration(input: DurationInput | undefined) {
  return input === undefined ? undefined : durationToProto(Duration.from(input));
}
