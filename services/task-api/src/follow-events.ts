import { eventToProto, type eventv1 } from '@orrery/contracts';
import { type EventBatch, type EventLog } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { sleep } from '@orrery/service';
import { type EventPlace, startOf, writeEventCursor } from './event-cursor.ts';
import type { EventFeed } from './event-feed.ts';
import type { EventFilter } from './event-filter.ts';

/** How many batches are read at a time, and how many events one message holds at most. */
const BATCHES = 50;
const EVENTS = 500;

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
    let toldAt = -Infinity;
    while (!signal.aborted) {
      // Made before reading, so that what comes meanwhile is not missed.
      news = Promise.withResolvers();
      const batches = await deps.events.read(position, BATCHES);
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
      if (batches.length < BATCHES) await untilFirst(news.promise, ended);
    }
  } finally {
    unfollow();
  }
}

function* inMessages(
  batches: readonly EventBatch[],
  start: EventPlace,
  wants: EventFilter,
): Generator<eventv1.Event[]> {
  let message: eventv1.Event[] = [];
  for (const { position, events } of batches) {
    const passed = position === start.position ? (start.passed ?? 0) : 0;
    for (const [index, event] of events.entries()) {
      if (index < passed || !wants(event)) continue;
      const place = { position, passed: index + 1 < events.length ? index + 1 : null };
      message.push(eventToProto(event, writeEventCursor(place)));
      if (message.length < EVENTS) continue;
      yield message;
      message = [];
    }
  }
  if (message.length > 0) yield message;
}

async function untilFirst(news: Promise<void>, ended: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([news, ended, sleep(SILENCE, timer.signal)]);
  timer.abort();
}
