import type { LeasedTask, ReceivedLease } from '@orrery/contracts';
import type { LeaseRef } from '@orrery/core';
import { StopRequest } from './stop-request.ts';

/** A lease that the worker holds. */
export interface HeldLease {
  readonly task: LeasedTask;
  readonly ref: LeaseRef;
  readonly stop: StopRequest;
  /** When it came, by this machine's monotonic clock, in milliseconds. */
  readonly since: number;
  /** Until when the lease is good, by this machine's monotonic clock, in milliseconds. */
  goodUntil: number;
  /** Whether the handler has been started. */
  started: boolean;
}

/** The leases that a worker holds: those whose handlers run, and those claimed ahead. */
export class LeaseTable {
  readonly #concurrency: number;
  readonly #prefetch: number;
  readonly #held = new Map<string, HeldLease>();
  readonly #ready: HeldLease[] = [];
  #occupied = 0;
  /** Whether to claim more than can be started. */
  claimsAhead = true;

  constructor(concurrency: number, prefetch: number) {
    this.#concurrency = concurrency;
    this.#prefetch = prefetch;
  }

  /** Takes in a lease; it is ready to be started. */
  add({ task, token }: ReceivedLease, since: number, goodUntil: number): HeldLease {
    const ref = { taskId: task.id, token };
    const held: HeldLease = { task, ref, stop: new StopRequest(), since, goodUntil, started: false };
    this.#held.set(task.id, held);
    this.#ready.push(held);
    return held;
  }

  /** The lease whose handler is to be started now: the first that was claimed, if a slot is free. */
  startNext(): HeldLease | null {
    if (this.#occupied >= this.#concurrency) return null;
    const held = this.#ready.shift();
    if (!held) return null;
    held.started = true;
    this.#occupied += 1;
    return held;
  }

  /** Gives up a lease: it is no longer extended. Whether its handler still occupies a slot is another matter. */
  drop(held: HeldLease): void {
    if (this.#held.get(held.ref.taskId) === held) this.#held.delete(held.ref.taskId);
    if (held.started) return;
    const index = this.#ready.indexOf(held);
    if (index >= 0) this.#ready.splice(index, 1);
  }

  /** Frees the slot of a handler that has ended. */
  free(): void {
    this.#occupied -= 1;
  }

  /** The lease on a task; undefined if it is not held. */
  find(taskId: string, token?: string): HeldLease | undefined {
    const held = this.#held.get(taskId);
    return token === undefined || held?.ref.token === token ? held : undefined;
  }

  /** All leases that are held, oldest first. */
  get all(): readonly HeldLease[] {
    return [...this.#held.values()];
  }

  /** Leases whose handlers have not been started. */
  get ready(): readonly HeldLease[] {
    return [...this.#ready];
  }

  /** The lease that has waited longest for its handler to be started. */
  get firstReady(): HeldLease | undefined {
    return this.#ready[0];
  }

  /** How many handlers run. */
  get running(): number {
    return this.#occupied;
  }

  /** How many more leases the worker has room for, beside those that were granted but have not come yet. */
  room(outstanding: number): number {
    const ahead = this.claimsAhead ? this.#prefetch : 0;
    return Math.max(0, this.#concurrency + ahead - this.#occupied - this.#ready.length - outstanding);
  }
}
