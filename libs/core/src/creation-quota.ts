import { Duration } from '@orrery/duration';
import { type FlowRate, millisToOpen, openRate, useRate } from './flow-limit.ts';
import { quotaExceeded } from './refusal.ts';

/** How many tasks may be created in a namespace. */
export interface CreationQuota {
  /** How many there may be that have not ended; null: any number. */
  readonly maxLiveTasks: number | null;
  /** How many may be created in the course of time; null: any number. */
  readonly createRate: FlowRate | null;
}

/** How far the quotas of a namespace are used. Kept only for namespaces that have any, and only changed by creating tasks. */
export interface QuotaUse {
  /**
   * How many live tasks there are at most: how many the last count found, and all that were let in since. Tasks that end are not
   * subtracted, so that ending one costs nothing; that there is room again is found by counting.
   */
  readonly liveAtMost: number;
  /** When the live tasks were counted last. */
  readonly countedAt: Date;
  /** When all of the rate's burst is there again, in ms since 1970. */
  readonly rateFullAt: number;
}

/** The use of quotas that were never used. */
export const UNUSED_QUOTA: QuotaUse = { liveAtMost: 0, countedAt: new Date(0), rateFullAt: 0 };

/** How long a count holds while there seems to be room: for so long, what came about without asking may stay unseen. */
const RECOUNT_MS = 1_000;

/** A count holds so long for each 1,000 tasks: many times what it takes, so that counting is never most of the work. */
const RECOUNT_MS_PER_1000 = 5;

/** Whether the live tasks are to be counted, again perhaps, before so many more are let in. */
export function needsCount({ maxLiveTasks }: CreationQuota, use: QuotaUse, count: number, now: Date): boolean {
  if (maxLiveTasks === null) return false;
  const age = now.getTime() - use.countedAt.getTime();
  // A clock that was set back must not put off the next count.
  if (age < 0) return true;
  if (age < leastAge(use)) return false;
  return age >= RECOUNT_MS || use.liveAtMost + count > maxLiveTasks;
}

/** The use of quotas after so many more tasks were let in; refuses with QUOTA_EXCEEDED if there is no room for all of them. */
export function useQuota(
  namespace: string,
  { maxLiveTasks, createRate }: CreationQuota,
  use: QuotaUse,
  count: number,
  now: Date,
): QuotaUse {
  const liveRoom = maxLiveTasks === null ? Infinity : Math.max(0, maxLiveTasks - use.liveAtMost);
  const rateRoom = createRate ? openRate(createRate, use.rateFullAt, now) : Infinity;
  const room = Math.min(liveRoom, rateRoom);
  if (maxLiveTasks !== null && count > liveRoom) {
    const retryAfter = count > maxLiveTasks ? null : Duration.ofMillis(Math.max(RECOUNT_MS, leastAge(use)));
    throw quotaExceeded({ namespace, quota: 'max_live_tasks', limit: String(maxLiveTasks), room, retryAfter });
  }
  if (createRate && count > rateRoom) {
    const { burst, period } = createRate;
    const wait = Duration.ofMillis(millisToOpen(createRate, use.rateFullAt, now, count));
    const limit = `${createRate.count} per ${period.toString()}`;
    throw quotaExceeded({ namespace, quota: 'create_rate', limit, room, retryAfter: count > burst ? null : wait });
  }
  return {
    liveAtMost: use.liveAtMost + count,
    countedAt: use.countedAt,
    rateFullAt: createRate ? useRate(createRate, use.rateFullAt, count, now) : use.rateFullAt,
  };
}

/** How old a count must be at least, in ms, before it is made again: nothing below 200 tasks. */
function leastAge({ liveAtMost }: QuotaUse): number {
  return Math.floor((liveAtMost * RECOUNT_MS_PER_1000) / 1_000);
}
