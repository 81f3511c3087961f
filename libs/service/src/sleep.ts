import { setTimeout } from 'node:timers/promises';
import type { Duration } from '@orrery/duration';

// Beyond this, timers fire at once.
const MAX_TIMER_MS = 2_147_483_647;

/** Waits so long, or until the signal fires if that is earlier; never throws. */
export type Sleep = (duration: Duration, signal: AbortSignal) => Promise<void>;

/** Waits by the machine's clock, at most 24 days. */
export const sleep: Sleep = async (duration, signal) => {
  const ms = Math.min(duration.toMillis(), MAX_TIMER_MS);
  await setTimeout(ms, undefined, { signal }).catch(() => {});
};
