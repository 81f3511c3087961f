import type { Worker, WorkerHealth, WorkerProfile, WorkerProgress, WorkerState } from '@orrery/core';
import { WorkerHealth as Health, WorkerState as State } from './generated/orrery/worker/v1/worker.ts';
import { invalidField } from './invalid-field.ts';
import { timeFromProto } from './map-time.ts';
import type * as workerv1 from './worker-v1.ts';

const NO_PROGRESS: WorkerProgress = Object.freeze({ running: 0, succeeded: 0, failed: 0, lastFinishAt: null });
const MAX_COUNT = BigInt(Number.MAX_SAFE_INTEGER);

/** A worker as the wire carries it, and how it is doing. */
export function workerToProto(worker: Omit<Worker, 'revision'>, health: WorkerHealth): workerv1.Worker {
  return {
    id: worker.id,
    namespace: worker.namespace,
    queues: [...worker.queues],
    types: [...worker.types],
    concurrency: worker.concurrency,
    hostname: worker.hostname,
    processId: worker.processId,
    sdk: worker.sdk,
    labels: worker.labels,
    state: State[worker.state],
    health: Health[health.status],
    healthReason: health.reason,
    registerTime: worker.registeredAt,
    heartbeatTime: worker.heartbeatAt,
    progress: workerProgressToProto(worker.progress),
  };
}

/** Reads a worker as a server tells of it; refuses with INVALID_FIELD what no server would say. */
export function workerFromProto(worker: workerv1.Worker, field = 'worker'): Omit<Worker, 'revision'> {
  if (!worker.registerTime) throw invalidField(`${field}.register_time`, 'must be set');
  if (!worker.heartbeatTime) throw invalidField(`${field}.heartbeat_time`, 'must be set');
  return {
    ...workerProfileFromProto(worker),
    state: workerStateFromProto(worker.state, `${field}.state`),
    progress: workerProgressFromProto(worker.progress, `${field}.progress`),
    registeredAt: timeFromProto(worker.registerTime, `${field}.register_time`),
    heartbeatAt: timeFromProto(worker.heartbeatTime, `${field}.heartbeat_time`),
  };
}

/** Reads how a server judges a worker; refuses an unknown judgement with INVALID_FIELD. */
export function workerHealthFromProto(worker: workerv1.Worker, field = 'worker'): WorkerHealth {
  const reason = worker.healthReason;
  switch (worker.health) {
    case Health.HEALTHY:
      return { status: 'HEALTHY', reason };
    case Health.DEGRADED:
      return { status: 'DEGRADED', reason };
    case Health.UNHEALTHY:
      return { status: 'UNHEALTHY', reason };
    default:
      throw invalidField(`${field}.health`, `${worker.health} is not a worker's health`);
  }
}

/** Reads what a worker says of itself when it registers, as it stands: limits and defaults are the service's business. */
export function workerProfileFromProto(worker: workerv1.Worker): WorkerProfile {
  return {
    id: worker.id,
    namespace: worker.namespace,
    queues: worker.queues,
    types: worker.types,
    concurrency: worker.concurrency,
    hostname: worker.hostname,
    processId: worker.processId,
    sdk: worker.sdk,
    labels: worker.labels,
  };
}

/** What a worker has done, as the wire carries it. */
export function workerProgressToProto(progress: WorkerProgress): workerv1.WorkerProgress {
  return {
    running: progress.running,
    succeeded: BigInt(progress.succeeded),
    failed: BigInt(progress.failed),
    lastFinishTime: progress.lastFinishAt ?? undefined,
  };
}

/** Reads what a worker has done, nothing where it does not say; refuses bad times and counts above 2^53 with INVALID_FIELD. */
export function workerProgressFromProto(progress: workerv1.WorkerProgress | undefined, field: string): WorkerProgress {
  if (!progress) return NO_PROGRESS;
  return {
    running: progress.running,
    succeeded: count(progress.succeeded, field, 'succeeded'),
    failed: count(progress.failed, field, 'failed'),
    lastFinishAt: timeFromProto(progress.lastFinishTime, `${field}.last_finish_time`),
  };
}

/** A worker's state as the wire carries it. */
export function workerStateToProto(state: WorkerState): State {
  return State[state];
}

/** Reads a worker's state; refuses an unknown or unset one with INVALID_FIELD. */
export function workerStateFromProto(state: State, field: string): WorkerState {
  switch (state) {
    case State.ACTIVE:
      return 'ACTIVE';
    case State.DRAINING:
      return 'DRAINING';
    case State.STOPPED:
      return 'STOPPED';
    case State.LOST:
      return 'LOST';
    default:
      throw invalidField(field, `${state} is not a worker's state`);
  }
}

function count(value: bigint, field: string, name: string): number {
  if (value <= MAX_COUNT) return Number(value);
  throw invalidField(`${field}.${name}`, `must be at most ${MAX_COUNT}`);
}
