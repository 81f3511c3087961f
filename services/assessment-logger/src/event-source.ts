import { EVENT_TYPES, type EventBus, type EventLog, type OrreryEvent, type Subscription } from '@orrery/core';
import type { Logger } from '@orrery/service';
import { startFollowLoop } from './follow-loop.ts';

/** The name under which all assessment-loggers together consume: each event goes to one of them. */
const CONSUMER = 'assessment-logger';

/** Where events come from: every one at least once, and again if the handler throws. */
export type EventSource = (handle: (events: readonly OrreryEvent[]) => Promise<void>) => Promise<Subscription>;

/** Events from the bus, also those that were told while nobody listened. */
export function fromBus(bus: Pick<EventBus, 'consume'>): EventSource {
  return (handle) => bus.consume({ name: CONSUMER, types: EVENT_TYPES }, handle);
}

/** Events from the database, for want of a bus between processes: a cursor says how far they have been handled. */
export function fromLog(events: EventLog, logger: Logger): EventSource {
  return async (handle) => startFollowLoop({ name: CONSUMER, events, handle, logger });
}
