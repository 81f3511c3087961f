import { DEFAULT_CONTENT_TYPE, type Labels, type Payload, type Task } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type * as dispatchv1 from './dispatch-v1.ts';
import { invalidField } from './invalid-field.ts';
import { payloadFromProto, payloadToProto } from './map-payload.ts';
import { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';

/** The right to run one attempt of a task. */
export interface ReceivedLease {
  /** Proves the right; goes with everything said about the attempt. */
  readonly token: string;
  /** By the server's clock. */
  readonly expiresAt: Date;
  readonly task: LeasedTask;
}

/** What a worker knows of a task that it runs. */
export interface LeasedTask {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly params: Payload;
  /** 1 for the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How long this attempt may run; null: no limit. */
  readonly runTimeout: Duration | null;
  /** How long its handler may go without reporting progress or a heartbeat; null: no limit. */
  readonly heartbeatTimeout: Duration | null;
  readonly labels: Labels;
  readonly correlationId: string;
  /** W3C trace context of the creation; empty if there was none. */
  readonly traceparent: string;
  readonly createdAt: Date;
  readonly priority: number;
  /** The version of its type that the task was made for; 0: its type was not registered. */
  readonly typeVersion: number;
}

const NO_PARAMS: Payload = Object.freeze({ data: new Uint8Array(0), contentType: DEFAULT_CONTENT_TYPE });

/** The lease of a task that was just claimed; throws for one that has none, which is a bug. */
export function leaseToProto(task: Task): dispatchv1.Lease {
  if (task.leaseToken === null || task.leaseExpiresAt === null) throw new Error(`task "${task.id}" is not leased`);
  return {
    taskId: task.id,
    leaseToken: task.leaseToken,
    expireTime: task.leaseExpiresAt,
    queue: task.queue,
    type: task.type,
    params: payloadToProto(task.params),
    attempt: task.attempt,
    maxAttempts: task.maxAttempts,
    runTimeout: task.runTimeout === null ? undefined : durationToProto(task.runTimeout),
    heartbeatTimeout: task.heartbeatTimeout === null ? undefined : durationToProto(task.heartbeatTimeout),
    labels: task.labels,
    correlationId: task.correlationId,
    traceparent: task.traceparent,
    createTime: task.createdAt,
    priority: task.priority,
    typeVersion: task.typeVersion,
  };
}

/** Reads a lease; refuses with INVALID_FIELD one without times or with a bad duration. */
export function leaseFromProto(lease: dispatchv1.Lease, field = 'lease'): ReceivedLease {
  if (!lease.expireTime) throw invalidField(`${field}.expire_time`, 'must be set');
  if (!lease.createTime) throw invalidField(`${field}.create_time`, 'must be set');
  const task: LeasedTask = {
    id: lease.taskId,
    queue: lease.queue,
    type: lease.type,
    params: payloadFromProto(lease.params) ?? NO_PARAMS,
    attempt: lease.attempt,
    maxAttempts: lease.maxAttempts,
    runTimeout: durationFromProto(lease.runTimeout, `${field}.run_timeout`),
    heartbeatTimeout: durationFromProto(lease.heartbeatTimeout, `${field}.heartbeat_timeout`),
    labels: lease.labels,
    correlationId: lease.correlationId,
    traceparent: lease.traceparent,
    createdAt: timeFromProto(lease.createTime, `${field}.create_time`),
    priority: lease.priority,
    typeVersion: lease.typeVersion,
  };
  return { token: lease.leaseToken, expiresAt: timeFromProto(lease.expireTime, `${field}.expire_time`), task };
}
