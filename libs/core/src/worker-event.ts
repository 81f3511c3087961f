import type { Worker, WorkerState } from './worker.ts';

/** What happened to a worker. */
export const WORKER_EVENT_KINDS = ['started', 'draining', 'stopped', 'lost', 'recovered'] as const;

/** What happened to a worker. */
export type WorkerEventKind = (typeof WORKER_EVENT_KINDS)[number];

/** A fact about a worker, written in the same transaction as the change it tells of. */
export interface WorkerEvent {
  readonly noun: 'worker';
  readonly kind: WorkerEventKind;
  readonly namespace: string;
  readonly workerId: string;
  /** The worker's revision after the change. */
  readonly sequence: number;
  readonly at: Date;
  readonly state: WorkerState;
}

/** The event that tells of the worker's latest change. */
export function workerEventOf(worker: Worker, kind: WorkerEventKind, at: Date): WorkerEvent {
  const { namespace, id: workerId, revision: sequence, state } = worker;
  return { noun: 'worker', kind, namespace, workerId, sequence, at, state };
}

const KIND_OF_MOVE: Readonly<Record<WorkerState, WorkerEventKind>> = {
  ACTIVE: 'recovered',
  DRAINING: 'draining',
  STOPPED: 'stopped',
  LOST: 'lost',
};

/** What happens to a worker on record when it comes to be in another state. */
export function workerMoveKind(to: WorkerState): WorkerEventKind {
  return KIND_OF_MOVE[to];
}
