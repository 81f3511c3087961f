import { eventId, type EventLog, type OrreryEvent, TASK_EVENT_KINDS, type TaskEvent } from '@orrery/core';
import { openNatsBus } from '@orrery/events';
import type { Ledger } from '@orrery/testing';

const PAGE = 500;
const TYPES = TASK_EVENT_KINDS.map((kind) => `orrery.task.v1.${kind}`);

/** A durable consumer on NATS that writes down which events it was given. */
export interface EventRecorder {
  /** The ids of the events it was given at least once. */
  readonly ids: ReadonlySet<string>;
  stop(): Promise<void>;
}

/** Consumes every event of tasks on NATS from the oldest on, and notes them in the ledger. */
export async function recordNats(url: string, ledger: Ledger, consumer = 'faults'): Promise<EventRecorder> {
  const quiet = (): void => undefined;
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const bus = await openNatsBus({ servers: url, name: 'faults', logger });
  const ids = new Set<string>();
  await bus.consume({ name: consumer, types: TYPES }, async (events) => {
    for (const event of taskEvents(events)) {
      ids.add(eventId(event));
      ledger.event(event);
    }
  });
  return { ids, stop: () => bus.close() };
}

/** Every event of tasks in the database's log, oldest first. */
export async function readLog(log: EventLog): Promise<readonly TaskEvent[]> {
  const events: TaskEvent[] = [];
  while ((await log.sequence(PAGE)) > 0);
  for (let position = 0n; ;) {
    const batches = await log.read(position, PAGE);
    const last = batches.at(-1);
    if (!last) return events;
    position = last.position;
    events.push(...taskEvents(batches.flatMap((batch) => batch.events)));
  }
}

function taskEvents(events: readonly OrreryEvent[]): readonly TaskEvent[] {
  return events.filter((event) => event.noun === 'task');
}
