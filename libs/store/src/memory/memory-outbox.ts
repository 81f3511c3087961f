import type { Outbox, OutboxBatch, TaskEvent } from '@orrery/core';
import { takeWhile } from './take-where.ts';

/** Events that wait to be published, oldest first. */
export class MemoryOutbox implements Outbox {
  readonly #batches = new Map<bigint, OutboxBatch>();
  #lastId = 0n;

  /** Adds the events of one change; none is no batch. */
  append(events: readonly TaskEvent[]): void {
    if (events.length === 0) return;
    this.#lastId += 1n;
    this.#batches.set(this.#lastId, { id: this.#lastId, events });
  }

  async read(limit: number): Promise<readonly OutboxBatch[]> {
    return takeWhile(this.#batches.values(), limit, () => true);
  }

  async delete(ids: readonly bigint[]): Promise<void> {
    for (const id of ids) this.#batches.delete(id);
  }
}
