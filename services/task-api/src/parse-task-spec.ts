import {
  type Dedup,
  dedupFromProto,
  durationFromProto,
  payloadFromProto,
  retryPolicyFromProto,
  type taskv1,
  timeFromProto,
} from '@orrery/contracts';
import {
  type CreationQuota,
  DEFAULT_CONTENT_TYPE,
  MIN_OWN_RETENTION,
  newTaskId,
  type NewTask,
  type Payload,
  Refusal,
  type TaskTypeDefaults,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Checks } from '@orrery/service';
import { v4 } from 'uuid';
import { hashedKey } from './dedup-key.ts';
import type { Definitions } from './definitions.ts';

/** What a task without params works on. */
const NO_PARAMS: Payload = { data: Buffer.from('null'), contentType: DEFAULT_CONTENT_TYPE };

/** Priorities are from minus this to this. */
export const MAX_PRIORITY = 1_000_000;
const MAX_DELAY = Duration.of({ days: 3650 });

/** How long a run timeout may be. */
export const MIN_RUN_TIMEOUT = Duration.ofMillis(1);
export const MAX_RUN_TIMEOUT = MAX_DELAY;

/** Reports of progress are gathered for up to half a second. */
const MIN_HEARTBEAT_TIMEOUT = Duration.ofSeconds(1);

/** What a request says outside the task itself, for fields the task leaves out. */
export interface RequestContext {
  readonly namespace: string;
  readonly correlationId: string;
  readonly traceparent: string;
  /** The largest params that the server and the namespace accept, in bytes. */
  readonly maxPayloadBytes: number;
  /** What the namespace has to have room for; undefined: there is always room. */
  readonly quota: CreationQuota | undefined;
  /** What is registered. */
  readonly definitions: Definitions;
}

/** Reads a task to create; what is wrong goes to `checks`, but a payload that is too large is refused at once. */
export function parseTaskSpec(
  wire: taskv1.TaskSpec | undefined,
  field: string,
  context: RequestContext,
  checks: Checks,
): NewTask | undefined {
  if (!wire) {
    checks.add(field, 'is required');
    return undefined;
  }
  assertPayload(wire.params, `${field}.params`, context.maxPayloadBytes);
  const known = context.definitions.typeOf(context.namespace, wire.type, wire.typeVersion);
  const defaults = known?.type.defaults ?? {};
  const labels = defaults.labels ? { ...defaults.labels, ...wire.labels } : wire.labels;
  const priority = wire.priority ?? defaults.priority ?? 0;
  checks.labels(`${field}.labels`, labels);
  checks.require(
    Math.abs(priority) <= MAX_PRIORITY,
    `${field}.priority`,
    `must be from -${MAX_PRIORITY} to ${MAX_PRIORITY}`,
  );
  const retryPolicy =
    (wire.retryPolicy ? undefined : defaults.retryPolicy) ??
    checks.parse(() => retryPolicyFromProto(wire.retryPolicy, `${field}.retry_policy`));
  const runTimeout = readDuration(wire.runTimeout, `${field}.run_timeout`, MIN_RUN_TIMEOUT, checks);
  const queueTimeout = readDuration(wire.queueTimeout, `${field}.queue_timeout`, MIN_RUN_TIMEOUT, checks);
  const heartbeat = readDuration(wire.heartbeatTimeout, `${field}.heartbeat_timeout`, MIN_HEARTBEAT_TIMEOUT, checks);
  const retention = readDuration(wire.retention, `${field}.retention`, MIN_OWN_RETENTION, checks) ?? defaults.retention;
  const params = payloadFromProto(wire.params) ?? NO_PARAMS;
  checks.text(`${field}.params.content_type`, params.contentType);
  const schema = known?.schema();
  for (const violation of schema?.violations(params, `${field}.params`) ?? [])
    checks.add(violation.field, violation.description);
  const due = readDue(wire, field, checks);
  const spec = {
    namespace: context.namespace,
    id: wire.id === '' ? newTaskId() : checks.name(`${field}.id`, wire.id),
    queue: checks.name(`${field}.queue`, wire.queue, { default: defaults.queue ?? 'default' }),
    type: checks.name(`${field}.type`, wire.type, { max: 255 }),
    priority,
    flowKey: wire.flowKey === '' ? '' : checks.name(`${field}.flow_key`, wire.flowKey),
    runTimeout: runTimeout ?? defaults.runTimeout ?? null,
    queueTimeout: queueTimeout ?? null,
    heartbeatTimeout: heartbeat ?? null,
    ...(retention && { retention }),
    labels,
    correlationId: checks.text(`${field}.correlation_id`, wire.correlationId) || context.correlationId || v4(),
    traceparent: checks.text(`${field}.traceparent`, wire.traceparent) || context.traceparent,
    parentTaskId: wire.parentTaskId === '' ? '' : checks.name(`${field}.parent_task_id`, wire.parentTaskId),
  };
  const dedup = readDedup(wire, defaults, field, checks);
  const dedupKey = dedup ? readKey(dedup, spec.type, params, field, checks) : '';
  if (!retryPolicy) return undefined;
  return {
    spec: { ...spec, params, retryPolicy, dedupKey, typeVersion: known?.type.version ?? 0 },
    due,
    idIsCallers: wire.id !== '',
    ...(dedup && { dedupWindow: dedup.window }),
  };
}

function readDedup(
  { dedup }: taskv1.TaskSpec,
  defaults: TaskTypeDefaults,
  field: string,
  checks: Checks,
): Dedup | null {
  if (!dedup) return defaults.dedup ? { key: '', window: defaults.dedup } : null;
  return checks.parse(() => dedupFromProto(dedup, `${field}.dedup`)) ?? null;
}

function readKey({ key }: Dedup, type: string, params: Payload, field: string, checks: Checks): string {
  const read = key === '' ? hashedKey(type, params) : key;
  if (read === undefined)
    checks.add(`${field}.params`, 'must be JSON: it says that it is, and duplicates are known by it');
  return read ?? '';
}

function readDue(wire: taskv1.TaskSpec, field: string, checks: Checks): Date | Duration | null {
  checks.require(!(wire.runTime && wire.delay), `${field}.delay`, 'and run_time cannot both be set');
  const delay = readDuration(wire.delay, `${field}.delay`, Duration.ZERO, checks);
  const runAt = checks.parse(() => timeFromProto(wire.runTime, `${field}.run_time`));
  return runAt ?? delay ?? null;
}

function readDuration(
  wire: taskv1.TaskSpec['delay'],
  field: string,
  min: Duration,
  checks: Checks,
): Duration | undefined {
  const duration = wire && checks.parse(() => durationFromProto(wire, field));
  return checks.between(field, duration, min, MAX_DELAY);
}

function assertPayload(payload: taskv1.Payload | undefined, field: string, limit: number): void {
  const size = payload?.data.length ?? 0;
  if (size <= limit) return;
  throw new Refusal('PAYLOAD_TOO_LARGE', `${field} has ${size} bytes; at most ${limit} are accepted`, {
    field,
    size_bytes: String(size),
    limit_bytes: String(limit),
  });
}
