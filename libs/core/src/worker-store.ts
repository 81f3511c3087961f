import type { Duration } from '@orrery/duration';
import type { Worker, WorkerKey, WorkerProfile, WorkerProgress, WorkerState } from './worker.ts';

/** Where the worker registry keeps its record. Times are the store's own clock's. */
export interface WorkerStore {
  /** Puts a worker on record as ACTIVE, or replaces what was there under its id. */
  register(profile: WorkerProfile): Promise<Worker>;

  /** Notes a heartbeat. A LOST worker is ACTIVE again; a STOPPED one stays so. Null: not on record. */
  heartbeat(key: WorkerKey, progress: WorkerProgress): Promise<Worker | null>;

  /** Moves a worker that is in one of the states `from` to another. Null: no such worker in such a state. */
  move(key: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null>;

  /** Marks as LOST every ACTIVE or DRAINING worker that has been silent for longer than this, and returns them. */
  markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]>;

  /** One worker; null: not on record. */
  get(key: WorkerKey): Promise<Worker | null>;

  /** Workers by id, ascending. Empty `states`: all. */
  list(query: {
    readonly namespace: string;
    readonly states: readonly WorkerState[];
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Worker[]>;

  /** Forgets STOPPED and LOST workers that have been silent for longer than this; returns how many. */
  purge(silentFor: Duration): Promise<number>;
}
