import { Duration } from '@orrery/duration';
import type { Worker } from './worker.ts';

/** How a worker is doing. */
export interface WorkerHealth {
  readonly status: 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';
  /** For a person to read; empty when healthy. */
  readonly reason: string;
}

/** Ages of the last heartbeat beyond which a worker is degraded or unhealthy. */
export interface HealthThresholds {
  readonly degraded: Duration;
  readonly unhealthy: Duration;
}

/** Degraded after 60 s of silence, unhealthy after 120 s. */
export const HEALTH_THRESHOLDS: HealthThresholds = Object.freeze({
  degraded: Duration.ofSeconds(60),
  unhealthy: Duration.ofSeconds(120),
});

/** Judges a worker by its state and the age of its last heartbeat. */
export function workerHealth(
  worker: Pick<Worker, 'state' | 'heartbeatAt'>,
  now: Date,
  thresholds: HealthThresholds = HEALTH_THRESHOLDS,
): WorkerHealth {
  if (worker.state === 'STOPPED') return { status: 'UNHEALTHY', reason: 'Worker is stopped' };
  if (worker.state === 'LOST') return { status: 'UNHEALTHY', reason: 'Worker is lost' };
  const silent = now.getTime() - worker.heartbeatAt.getTime();
  const reason = `no heartbeat for ${Math.floor(silent / 1000)} s`;
  if (silent > thresholds.unhealthy.toMillis()) return { status: 'UNHEALTHY', reason };
  if (silent > thresholds.degraded.toMillis()) return { status: 'DEGRADED', reason };
  return { status: 'HEALTHY', reason: '' };
}
