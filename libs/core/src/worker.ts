import type { Labels } from './task.ts';

/** Where a worker is in its life. */
export const WORKER_STATES = ['ACTIVE', 'DRAINING', 'STOPPED', 'LOST'] as const;

/** Where a worker is in its life. */
export type WorkerState = (typeof WORKER_STATES)[number];

/** Names a worker. */
export interface WorkerKey {
  readonly namespace: string;
  readonly id: string;
}

/** What a worker says of itself when it registers. */
export interface WorkerProfile extends WorkerKey {
  readonly queues: readonly string[];
  /** The task types it runs; empty: every type. */
  readonly types: readonly string[];
  readonly concurrency: number;
  readonly hostname: string;
  readonly processId: number;
  /** What it was built with, e.g. "orrery-typescript/0.1.0". */
  readonly sdk: string;
  readonly labels: Labels;
}

/** What a worker has done since it registered, in its own words. */
export interface WorkerProgress {
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly lastFinishAt: Date | null;
}

/** A process that runs tasks. */
export interface Worker extends WorkerProfile {
  readonly state: WorkerState;
  readonly progress: WorkerProgress;
  readonly registeredAt: Date;
  readonly heartbeatAt: Date;
  /** Rises by one with each change of state, registration included; the sequence of the change's event. */
  readonly revision: number;
}
