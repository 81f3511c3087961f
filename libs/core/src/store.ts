import type { TaskEvent } from './task-event.ts';
import type { TaskStore } from './task-store.ts';
import type { WorkerStore } from './worker-store.ts';

/** Everything that is kept. One process opens one. */
export interface Store {
  readonly tasks: TaskStore;
  readonly workers: WorkerStore;
  readonly outbox: Outbox;

  /** Brings the schema up to date. Safe to call from several processes at once. */
  migrate(): Promise<void>;

  /** Reads something trivial, to see whether the store answers. */
  ping(): Promise<void>;

  /** Closes connections; the store cannot be used afterwards. */
  close(): Promise<void>;
}

/** Events that wait to be published; written in the transactions of the changes they tell of. */
export interface Outbox {
  /** The oldest batches. Each task's events are in order within and across batches. */
  read(limit: number): Promise<readonly OutboxBatch[]>;

  /** Deletes batches that were delivered. */
  delete(ids: readonly bigint[]): Promise<void>;
}

/** Events that were written in one transaction. */
export interface OutboxBatch {
  readonly id: bigint;
  readonly events: readonly TaskEvent[];
}
