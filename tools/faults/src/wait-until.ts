import { setTimeout as pause } from 'node:timers/promises';
import type { Duration } from '@orrery/duration';

const EVERY_MS = 100;

/** Whether something comes to hold within a while; asked again and again, and what it throws counts as not yet. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  within: Duration,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + within.toMillis();
  for (;;) {
    signal?.throwIfAborted();
    if (await Promise.resolve(holds()).catch(() => false)) return true;
    if (performance.now() > end) return false;
    await pause(EVERY_MS);
  }
}
