import type { Duration } from '@orrery/duration';

/** Where waiting comes from, so that tests can decide when it is over. */
export interface Timers {
  /** Milliseconds since an arbitrary moment; never goes back, whatever happens to the wall clock. */
  monotonicMillis(): number;
  /** Runs something once after a while, unless the returned function is called first. */
  after(wait: Duration, run: () => void): () => void;
  /** Runs something once everything that is ready to run now has run; takes no time when nothing is. */
  soon(run: () => void): void;
}

/** The longest wait that `setTimeout` knows; a longer one would be over at once. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** The machine's own timers. */
export const systemTimers: Timers = {
  monotonicMillis: () => performance.now(),
  after(wait, run) {
    let left = wait.toMillis();
    const step = () => {
      const millis = Math.min(left, MAX_WAIT_MS);
      left -= millis;
      return setTimeout(() => (left > 0 ? (timer = step()) : run()), millis);
    };
    let timer = step();
    return () => clearTimeout(timer);
  },
  soon: (run) => void setImmediate(run),
};

/** Resolves after a while; rejects with the signal's reason as soon as that is aborted. */
export function sleep(timers: Timers, wait: Duration, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = timers.after(wait, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
