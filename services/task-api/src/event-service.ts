import { eventv1, timeFromProto } from '@orrery/contracts';
import { type EventLog, invalidFields, Refusal, RELAY_CURSOR } from '@orrery/core';
import { bind, Checks, type Logger, type ServiceBinding } from '@orrery/service';
import type { ServiceImplementation } from 'nice-grpc';
import { type EventPlace, readEventCursor, startOf, writeEventCursor } from './event-cursor.ts';
import { deleteEventCursor, listEventCursors } from './event-cursors.ts';
import type { EventFeed } from './event-feed.ts';
import { parseEventFilter } from './event-filter.ts';
import { followEvents } from './follow-events.ts';

/** What the event service is made of. */
export interface EventServiceDeps {
  readonly events: EventLog;
  readonly feed: EventFeed;
  readonly logger: Logger;
  /** Aborted when the process drains: streams end, and their callers come again. */
  readonly draining: AbortSignal;
}

/** Events for those without NATS, and a way to have NATS told again. */
export function eventService(deps: EventServiceDeps): ServiceBinding {
  const { events, draining } = deps;
  const handlers: ServiceImplementation<typeof eventv1.EventServiceDefinition> = {
    async *subscribe(request, call) {
      const checks = new Checks();
      const namespace = checks.name('namespace', request.namespace, { default: 'default' });
      const wants = parseEventFilter(namespace, request.filter, checks);
      checks.done();
      const start = (await readStart(request.start, events)) ?? { position: await events.head(), passed: null };
      yield* followEvents(deps, start, wants, AbortSignal.any([call.signal, draining]));
      if (draining.aborted) throw new Refusal('SHUTTING_DOWN', 'the server is shutting down; subscribe again');
    },
    async replayEvents(request) {
      const start = await readStart(request.start, events);
      if (!start) throw invalidFields([{ field: 'start', description: 'is required' }]);
      const position = startOf(start);
      await events.resetCursor(RELAY_CURSOR, position);
      deps.logger.info('events are published again', { after: position.toString() });
      return { cursor: writeEventCursor({ position, passed: null }) };
    },
    listEventCursors: (request) => listEventCursors(events, request),
    async deleteEventCursor(request) {
      const response = await deleteEventCursor(events, request);
      deps.logger.info('a cursor of events was dropped', { cursor: request.name, force: request.force });
      return response;
    },
  };
  return bind(eventv1.EventServiceDefinition, handlers);
}

async function readStart(start: eventv1.SubscribeRequest['start'], events: EventLog): Promise<EventPlace | null> {
  if (!start) return null;
  if (start.$case === 'cursor') return readEventCursor(start.value, events);
  return { position: await events.positionBefore(timeFromProto(start.value, 'time')), passed: null };
}
