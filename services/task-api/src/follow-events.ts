import { eventToProto, type eventv1 } from '@orrery/contracts';
import type { EventBatch, EventLog, OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { sleep } from '@orrery/service';
import { type EventPlace, startOf, writeEventCursor } from './event-cursor.ts';
import type { EventFeed } from './event-feed.ts';
import type { EventFilter } from './event-filter.ts';

/** How many batches are read at a time at most: fewer when they are large, so that a reading has some thousand events. */
const BATCHES = 50;
const FIRST_BATCHES = 5;
const EVENTS_READ = 5_000;

/** How many events one message holds at most, and about how many bytes: the server's stream holds 16 messages that are not taken. */
const EVENTS = 500;
const MESSAGE_BYTES = 256 * 1024;

/** About how much of an event is not its error. */
const EVENT_BYTES = 400;

/** How long a subscriber hears nothing before it is told how far it is. */
const SILENCE = Duration.ofSeconds(10);

/**
 * Events from a place on, for as long as the caller takes them: nothing is read ahead of it, so a slow reader costs no memory. The
 * first message comes at once.
 */
export async function* followEvents(
  deps: { readonly events: EventLog; readonly feed: EventFeed },
  start: EventPlace,
  wants: EventFilter,
  signal: AbortSignal,
): AsyncGenerator<eventv1.SubscribeResponse> {
  let news = Promise.withResolvers<void>();
  const ended = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const unfollow = deps.feed.follow(() => news.resolve());
  try {
    let position = startOf(start);
    let limit = FIRST_BATCHES;
    let toldAt = -Infinity;
    while (!signal.aborted) {
      // Made before reading, so that what comes meanwhile is not missed.
      news = Promise.withResolvers();
      const batches = await deps.events.read(position, limit);
      for (const events of inMessages(batches, start, wants)) {
        yield { events, cursor: events.at(-1)?.cursor ?? '' };
        toldAt = performance.now();
        if (signal.aborted) return;
      }
      position = batches.at(-1)?.position ?? position;
      if (performance.now() - toldAt >= SILENCE.toMillis()) {
        const cursor = position === startOf(start) ? start : { position, passed: null };
        yield { events: [], cursor: writeEventCursor(cursor) };
        toldAt = performance.now();
      }
      if (batches.length < limit) await untilFirst(news.promise, ended);
      limit = nextLimit(batches);
    }
  } finally {
    unfollow();
  }
}

function nextLimit(batches: readonly EventBatch[]): number {
  if (batches.length === 0) return FIRST_BATCHES;
  const events = batches.reduce((sum, batch) => sum + batch.events.length, 0);
  return Math.min(BATCHES, Math.max(1, Math.floor((EVENTS_READ * batches.length) / events)));
}

function sizeOf(event: OrreryEvent): number {
  const error = event.noun === 'task' ? event.error : null;
  return EVENT_BYTES + (error ? JSON.stringify(error).length : 0);
}

function* inMessages(
  batches: readonly EventBatch[],
  start: EventPlace,
  wants: EventFilter,
): Generator<eventv1.Event[]> {
  let message: eventv1.Event[] = [];
  let bytes = 0;
  for (const { position, events } of batches) {
    const passed = position === start.position ? (start.passed ?? 0) : 0;
    for (const [index, event] of events.entries()) {
      if (index < passed || !wants(event)) continue;
      const place = { position, passed: index + 1 < events.length ? index + 1 : null };
      message.push(eventToProto(event, writeEventCursor(place)));
      bytes += sizeOf(event);
      if (message.length < EVENTS && bytes < MESSAGE_BYTES) continue;
      yield message;
      message = [];
      bytes = 0;
    }
  }
  if (message.length > 0) yield message;
}

async function untilFirst(news: Promise<void>, ended: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([news, ended, sleep(SILENCE, timer.signal)]);
  timer.abort();
}
