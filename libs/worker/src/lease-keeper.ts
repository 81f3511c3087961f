import { type dispatchv1, durationToProto } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import type { Logger, Timers } from '@orrery/rpc';
import type { HeldLease, LeaseTable } from './lease-table.ts';
import { toLeaseRef } from './outcome.ts';

/** What a lease keeper needs, and whom it tells. */
export interface LeaseKeeperOptions {
  readonly table: LeaseTable;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly leaseDuration: Duration;
  /** Puts a request on the stream; false: there is none now. */
  readonly write: (request: dispatchv1.ExtendLeasesRequest) => boolean;
  readonly onLost: (held: HeldLease) => void;
  readonly onCancel: (held: HeldLease) => void;
}

const MAX_PER_REQUEST = 1_000;

/** When to look at the leases next, and which are lost by then: those that were not extended in time. */
export function survey(
  leases: readonly HeldLease[],
  now: number,
  nextExtension: number,
): { readonly lost: readonly HeldLease[]; readonly lookAgainAt: number } {
  const lost = leases.filter(({ goodUntil }) => goodUntil <= now);
  const alive = leases.filter(({ goodUntil }) => goodUntil > now);
  return { lost, lookAgainAt: Math.min(nextExtension, ...alive.map(({ goodUntil }) => goodUntil)) };
}

/** Extends the leases that the worker holds, and notices those that were lost. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #leaseMillis: number;
  #extendMillis: number;
  #nextExtension = 0;
  /** When the requests that have not been answered were sent, in order. */
  #sentAt: number[] = [];
  #cancelAlarm: (() => void) | null = null;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#leaseMillis = options.leaseDuration.toMillis();
    this.#extendMillis = this.#leaseMillis / 3;
  }

  /** Until when a lease that is given or extended now is good, by the monotonic clock. */
  goodUntil(since = this.#options.timers.monotonicMillis()): number {
    return since + this.#leaseMillis;
  }

  /** A new stream is open: takes over its intervals and extends everything that is held. */
  welcome({ leaseDuration, extendInterval }: dispatchv1.WorkWelcome): void {
    if (leaseDuration) this.#leaseMillis = Duration.from(leaseDuration).toMillis();
    this.#extendMillis = extendInterval ? Duration.from(extendInterval).toMillis() : this.#leaseMillis / 3;
    this.#sentAt = [];
    this.#extend();
    this.#look();
  }

  /** Takes in the server's answer to an extension. */
  extended({ extensions }: dispatchv1.ExtendLeasesResponse): void {
    const sentAt = this.#sentAt.shift();
    if (sentAt === undefined) return;
    for (const { taskId, expireTime, cancelRequested, error } of extensions) {
      const held = this.#options.table.find(taskId);
      // An answer about an earlier lease on the same task says nothing of this one.
      if (!held || held.since > sentAt) continue;
      // From when the request was sent: the answer took time, and meanwhile the lease ran.
      if (expireTime) held.goodUntil = Math.max(held.goodUntil, this.goodUntil(sentAt));
      if (error) this.#options.onLost(held);
      else if (cancelRequested) this.#options.onCancel(held);
    }
  }

  /** Takes in what the server says of leases whose handlers reported progress. */
  heard({ extensions }: dispatchv1.ReportProgressResponse): void {
    for (const { taskId, cancelRequested, error } of extensions) {
      const held = this.#options.table.find(taskId);
      // A lease that came with the answer under way is another one; its own extensions will say how it is.
      if (!held?.started) continue;
      if (cancelRequested) this.#options.onCancel(held);
      else if (error) this.#options.logger.debug({ task_id: taskId }, 'progress was not taken');
    }
  }

  /** Looks after nothing any more. */
  stop(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
  }

  #look(): void {
    const { table, timers, logger, onLost } = this.#options;
    const now = timers.monotonicMillis();
    if (now >= this.#nextExtension) this.#extend();
    const { lost, lookAgainAt } = survey(table.all, now, this.#nextExtension);
    for (const held of lost) {
      logger.warn({ task_id: held.ref.taskId }, 'the lease ran out before it could be extended');
      onLost(held);
    }
    this.#cancelAlarm?.();
    this.#cancelAlarm = timers.after(Duration.ofMillis(Math.max(1, Math.ceil(lookAgainAt - now))), () => this.#look());
  }

  #extend(): void {
    const { table, timers, write } = this.#options;
    const now = timers.monotonicMillis();
    this.#nextExtension = now + this.#extendMillis;
    const leases = table.all.map(({ ref }) => toLeaseRef(ref));
    const leaseDuration = durationToProto(Duration.ofMillis(this.#leaseMillis));
    for (let from = 0; from < leases.length; from += MAX_PER_REQUEST) {
      // The namespace is the hello's.
      const request = { namespace: '', leases: leases.slice(from, from + MAX_PER_REQUEST), leaseDuration };
      if (write(request)) this.#sentAt.push(now);
    }
  }
}
