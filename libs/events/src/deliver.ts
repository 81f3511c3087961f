import { setTimeout } from 'node:timers/promises';
import { eventId, type OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { BusLogger } from './bus-logger.ts';

/** What a consumer does with events. */
export type HandleEvents = (events: readonly OrreryEvent[]) => Promise<void>;

/** How often an event is given to a handler before it is set aside. */
export const DEFAULT_MAX_DELIVERIES = 10;

/** The pauses between deliveries: 0.1 s doubling up to 30 s. Ten deliveries take 51 s to a minute, an outage of the handler's store. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 30_000;

/** How long to wait after so many failed deliveries. */
export function pauseAfter(failures: number): Duration {
  return Duration.ofMillis(Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS));
}

/** How events are delivered. */
export interface DeliverOptions<T> {
  readonly consumer: string;
  readonly maxDeliveries: number;
  readonly handle: HandleEvents;
  /** Called with what was handled, in order. */
  readonly done: (handled: readonly T[]) => void;
  /** Takes an event that fails for good; the events behind it wait until it has. */
  readonly setAside: (item: T, error: unknown) => Promise<void>;
  readonly logger: BusLogger;
  readonly signal: AbortSignal;
  readonly pause?: ((failures: number) => Duration) | undefined;
}

/**
 * Gives events to a handler, in order: all at once, and after a failure one by one, so that only what fails holds up the rest, and
 * nothing overtakes what it follows. Returns early, without an error, when the signal fires.
 */
export async function deliver<T extends { readonly event: OrreryEvent }>(
  items: readonly T[],
  options: DeliverOptions<T>,
): Promise<void> {
  if (items.length > 1) {
    const error = await attempt(items, options);
    if (error === undefined) return;
    options.logger.warn('a consumer failed; its events come again one by one', {
      consumer: options.consumer,
      events: items.length,
      error: error.cause,
    });
  }
  for (const item of items) {
    if (options.signal.aborted) return;
    await deliverOne(item, options);
  }
}

async function deliverOne<T extends { readonly event: OrreryEvent }>(
  item: T,
  options: DeliverOptions<T>,
): Promise<void> {
  const { consumer, maxDeliveries, logger, signal, pause = pauseAfter } = options;
  for (let failures = 1; !signal.aborted; failures++) {
    const error = await attempt([item], options);
    if (error === undefined) return;
    const facts = { consumer, event: eventId(item.event), failures, error: error.cause };
    if (failures >= maxDeliveries) {
      logger.error('an event is set aside: its consumer keeps failing', facts);
      await options.setAside(item, error.cause);
      return;
    }
    logger.warn('a consumer failed; its event comes again', facts);
    await setTimeout(pause(failures).toMillis(), undefined, { signal }).catch(() => undefined);
  }
}

async function attempt<T extends { readonly event: OrreryEvent }>(
  items: readonly T[],
  { handle, done }: DeliverOptions<T>,
): Promise<{ readonly cause: unknown } | undefined> {
  try {
    await handle(items.map((item) => item.event));
  } catch (cause) {
    return { cause };
  }
  done(items);
  return undefined;
}
