import type { Clock, EventBatch, EventCursor, EventLog, OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';

interface Batch extends EventBatch {
  readonly at: Date;
}

interface Cursor {
  readonly position: bigint;
  readonly owner: string | null;
  readonly ownedUntil: Date;
}

const NEVER = new Date(0);

/** Every event in memory. Nothing commits late here: a batch has its position as soon as it is written. */
export class MemoryEvents implements EventLog {
  /** Without a gap: that at index i has position `#forgotten` + i + 1. */
  readonly #batches: Batch[] = [];
  readonly #cursors = new Map<string, Cursor>();
  readonly #clock: Clock;
  #forgotten = 0;
  #sequenced = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds the events of one change; none is no batch. */
  append(events: readonly OrreryEvent[]): void {
    const [first] = events;
    if (!first) return;
    this.#batches.push({ position: this.#head() + 1n, at: first.at, events });
  }

  async sequence(limit: number): Promise<number> {
    const since = Number(this.#head() - this.#sequenced);
    const count = Math.min(since, limit);
    this.#sequenced += BigInt(count);
    return count;
  }

  async read(after: bigint, limit: number): Promise<readonly EventBatch[]> {
    const start = this.#indexAfter(after);
    return this.#batches.slice(start, start + limit).map(({ position, events }) => ({ position, events }));
  }

  async positionBefore(time: Date): Promise<bigint> {
    const next = this.#batches.find(({ at }) => at >= time);
    return next ? next.position - 1n : this.#head();
  }

  async head(): Promise<bigint> {
    return this.#head();
  }

  async lag(after: bigint): Promise<{ readonly batches: number; readonly oldestAge: Duration | null }> {
    const start = this.#indexAfter(after);
    const oldest = this.#batches[start];
    const age = oldest ? Math.max(0, this.#clock.now().getTime() - oldest.at.getTime()) : null;
    return { batches: this.#batches.length - start, oldestAge: age === null ? null : Duration.ofMillis(age) };
  }

  async purge(before: Date, limit: number): Promise<number> {
    const passed = [...this.#cursors.values()].map(({ position }) => this.#indexAfter(position));
    const firstKept = this.#batches.findIndex(({ at }) => at >= before);
    const old = firstKept < 0 ? this.#batches.length : firstKept;
    const count = Math.min(old, limit, ...passed);
    this.#batches.splice(0, count);
    this.#forgotten += count;
    return count;
  }

  async acquireCursor(name: string, owner: string, lease: Duration): Promise<bigint | null> {
    const now = this.#clock.now();
    const cursor = this.#cursors.get(name) ?? { position: BigInt(this.#forgotten), owner: null, ownedUntil: NEVER };
    if (cursor.owner !== null && cursor.owner !== owner && cursor.ownedUntil > now) return null;
    this.#cursors.set(name, { position: cursor.position, owner, ownedUntil: lease.addTo(now) });
    return cursor.position;
  }

  async moveCursor(name: string, owner: string, position: bigint): Promise<boolean> {
    const cursor = this.#cursors.get(name);
    if (cursor?.owner !== owner) return false;
    if (position > cursor.position) this.#cursors.set(name, { ...cursor, position });
    return true;
  }

  async resetCursor(name: string, position: bigint): Promise<void> {
    this.#cursors.set(name, { position, owner: null, ownedUntil: NEVER });
  }

  async listCursors(): Promise<readonly EventCursor[]> {
    const now = this.#clock.now();
    return [...this.#cursors]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { position, owner, ownedUntil }]) => {
        const isOwned = owner !== null && ownedUntil > now;
        return { name, position, owner: isOwned ? owner : null, ownedUntil: isOwned ? ownedUntil : null };
      });
  }

  async dropCursor(name: string, { force }: { readonly force: boolean }): Promise<'dropped' | 'owned' | 'unknown'> {
    const cursor = this.#cursors.get(name);
    if (!cursor) return 'unknown';
    if (!force && cursor.owner !== null && cursor.ownedUntil > this.#clock.now()) return 'owned';
    this.#cursors.delete(name);
    return 'dropped';
  }

  #head(): bigint {
    return BigInt(this.#forgotten + this.#batches.length);
  }

  /** The index of the first batch after a position. */
  #indexAfter(position: bigint): number {
    return Math.min(Math.max(0, Number(position) - this.#forgotten), this.#batches.length);
  }
}
