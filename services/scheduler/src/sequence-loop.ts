import type { EventLog } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look without being woken: other processes write events too. */
const INTERVAL = Duration.ofSeconds(1);

/** How many batches one statement puts in order. */
const BATCHES = 1_000;

/**
 * How long events that nobody is likely to wait for may gather. A task that runs at once is created, started and ended within it, so that
 * its three events cost one commit, and none that is in the way of its claim.
 */
const GATHER_MS = 20;

/** The least time from one turn to the next: under load each commit puts more events in order. */
const PACE_MS = 10;

/** Puts events in their order. */
export interface SequenceLoop extends Loop {
  /** There are new events, which may wait for others for a moment. */
  wakeSoon(): void;
}

/** Puts events in their order soon after they are written, and tells whoever reads them. */
export function startSequenceLoop(deps: {
  readonly events: Pick<EventLog, 'sequence'>;
  /** Called when there is something new to read. */
  readonly sequenced: () => void;
  readonly logger: Logger;
}): SequenceLoop {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let pacedUntil = 0;
  const loop = startLoop({
    name: 'sequence',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      forget();
      pacedUntil = performance.now() + PACE_MS;
      const count = await deps.events.sequence(BATCHES);
      if (count > 0) deps.sequenced();
      return count >= BATCHES ? 'again' : 'idle';
    },
  });

  function forget(): void {
    clearTimeout(timer);
    dueAt = Infinity;
  }

  function wakeWithin(ms: number): void {
    const now = performance.now();
    const at = Math.max(now + ms, pacedUntil);
    if (at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    if (at <= now) loop.wake();
    else timer = setTimeout(() => loop.wake(), at - now);
  }

  return {
    wake: () => wakeWithin(0),
    wakeSoon: () => wakeWithin(GATHER_MS),
    async stop() {
      await loop.stop();
      forget();
    },
  };
}
