import type { Duration } from '@orrery/duration';

// Beyond this, timers fire at once.
const MAX_TIMER_MS = 2_147_483_647;

/** Waits so long, or until the signal fires if that is earlier; never throws. */
export type Sleep = (duration: Duration, signal: AbortSignal) => Promise<void>;

/**
 * Waits by the machine's clock, at most 24 days. Not `timers/promises`: it makes an AbortError, stack and all, each time that a pause
 * is cut short, and every wake-up of a loop does that.
 */
export const sleep: Sleep = (duration, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, Math.min(duration.toMillis(), MAX_TIMER_MS));
    signal.addEventListener('abort', end);
  });
