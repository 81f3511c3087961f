import { randomUUID } from 'node:crypto';
import { type EventBatch, type EventLog, type OrreryEvent, RELAY_CURSOR } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look without being woken. */
const INTERVAL = Duration.ofSeconds(1);

/** How long others wait for a process that went away with the cursor. */
const LEASE = Duration.ofSeconds(10);

/** How long a cursor that was acquired is taken for ours without asking again. Moving it finds out for sure. */
const TRUST_MS = 3_000;

/** What one publication holds, about: enough to keep a bus busy, little enough to keep in memory twice. */
const EVENTS = 5_000;
const MIN_BATCHES = 20;
const MAX_BATCHES = 1_000;

/** Publishes what happened, and knows how far it is. */
export interface Relay extends Loop {
  /** How much waits to be published; null while another process publishes. */
  lag(): Promise<{ readonly batches: number; readonly oldestAge: Duration | null } | null>;
}

/**
 * Publishes events in the order of the log. Of several relays the one that holds the cursor does. What was published but not yet
 * passed by the cursor when a process died comes again.
 */
export function startRelayLoop(deps: {
  readonly events: EventLog;
  readonly publish: (events: readonly OrreryEvent[]) => Promise<void>;
  readonly logger: Logger;
}): Relay {
  const { events, publish, logger } = deps;
  const owner = randomUUID();
  let position: bigint | null = null;
  let trustedUntil = 0;
  let perBatch = EVENTS / MAX_BATCHES;
  const loop = startLoop({ name: 'relay', interval: INTERVAL, logger, runOnce });

  return {
    wake: () => loop.wake(),
    async stop() {
      await loop.stop();
      if (position !== null) await letGo();
    },
    lag: async () => (position === null ? null : events.lag(position)),
  };

  async function runOnce(signal: AbortSignal): Promise<'again' | 'idle'> {
    if (performance.now() >= trustedUntil) {
      position = await events.acquireCursor(RELAY_CURSOR, owner, LEASE);
      trustedUntil = performance.now() + TRUST_MS;
    }
    if (position === null) {
      trustedUntil = 0;
      return 'idle';
    }
    try {
      return await publishFrom(position, signal);
    } catch (error) {
      trustedUntil = 0;
      throw error;
    }
  }

  /** Publishes until there is nothing more or the cursor must be asked for again; the next events are read meanwhile. */
  async function publishFrom(start: bigint, signal: AbortSignal): Promise<'again' | 'idle'> {
    let batches = await read(start);
    for (;;) {
      const last = batches.at(-1);
      if (!last) return 'idle';
      const next = read(last.position);
      // If publishing fails nobody waits for it.
      next.catch(() => undefined);
      await publish(batches.flatMap((batch) => batch.events));
      if (!(await events.moveCursor(RELAY_CURSOR, owner, last.position))) {
        trustedUntil = 0;
        return 'again';
      }
      position = last.position;
      if (signal.aborted || performance.now() >= trustedUntil) return 'again';
      batches = await next;
    }
  }

  async function read(after: bigint): Promise<readonly EventBatch[]> {
    const limit = Math.round(Math.min(Math.max(EVENTS / perBatch, MIN_BATCHES), MAX_BATCHES));
    const batches = await events.read(after, limit);
    const count = batches.reduce((sum, batch) => sum + batch.events.length, 0);
    if (batches.length > 0) perBatch = Math.max(count / batches.length, 1);
    return batches;
  }

  /** Others need not wait for the lease to run out. */
  async function letGo(): Promise<void> {
    try {
      await events.acquireCursor(RELAY_CURSOR, owner, Duration.ofMillis(1));
    } catch (error) {
      logger.warn('the cursor of events could not be let go; another process takes it soon', { error });
    }
  }
}
