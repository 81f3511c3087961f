import type { AuditStore, OrreryEvent } from '@orrery/core';

/** How many records one statement writes at most: by 1,000 an event costs half of what it does by 100. */
const BATCH = 1_000;

/**
 * Puts events on record, in order, up to 1,000 at a time, and waits for no batch to fill: what comes while one is written makes up the
 * next. Throws if one cannot be written; told again, events that are on record stay as they are.
 */
export async function recordEvents(audit: AuditStore, events: readonly OrreryEvent[]): Promise<void> {
  for (let start = 0; start < events.length; start += BATCH) {
    await audit.record(events.slice(start, start + BATCH));
  }
}
