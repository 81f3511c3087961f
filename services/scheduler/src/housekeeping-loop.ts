import type { Clock, Retention, Store, TaskStatus } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';
import type { Relay } from './relay-loop.ts';

const INTERVAL = Duration.ofSeconds(60);

/** How long a request_id is remembered; the contract promises 24 h. */
const REMEMBER_REQUESTS = Duration.of({ hours: 24 });

/** How long runs of schedules stay on record, and deleted schedules; the contract promises 30 days. */
const REMEMBER_RUNS = Duration.of({ days: 30 });

/** How many runs one statement forgets. */
const RUNS = 10_000;

/** How many dedup keys one statement forgets. */
const KEYS = 1_000;

/** How many batches of events one statement forgets. */
const BATCHES = 1_000;

/** Events that wait longer than this to be published are worth a line in the log. */
const LATE = Duration.ofSeconds(30);

/** How many ended tasks one statement deletes. */
const TASKS = 1_000;

/** Forgets what nobody may ask for any more, and looks whether events get through. */
export function startHousekeepingLoop(deps: {
  readonly store: Pick<Store, 'tasks' | 'flow' | 'schedules' | 'events'>;
  readonly relay: Relay | null;
  /** How long ended tasks are kept that do not say so themselves. */
  readonly retention: Retention;
  /** How long events are kept to be read again. */
  readonly eventRetention: Duration;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  const { store, relay, clock, logger } = deps;
  const ago = (age: Duration): Date => new Date(clock.now().getTime() - age.toMillis());
  /** Deletes some of the tasks that have been kept long enough; says whether there may be more. */
  const purgeTasks = async (): Promise<boolean> => {
    let left = false;
    for (const [status, age] of Object.entries(deps.retention)) {
      const count = await store.tasks.purgeTasks(ago(age), TASKS, [status as TaskStatus]);
      left ||= count >= TASKS;
    }
    return (await store.tasks.purgeRetainedTasks(TASKS)) >= TASKS || left;
  };
  return startLoop({
    name: 'housekeeping',
    interval: INTERVAL,
    logger,
    runOnce: async () => {
      await store.tasks.purgeRequests(ago(REMEMBER_REQUESTS));
      await store.schedules.purgeSchedules(ago(REMEMBER_RUNS), RUNS);
      const keys = await store.tasks.purgeDedupKeys(KEYS);
      await store.flow.purgeRates();
      const lag = await relay?.lag();
      if (lag?.oldestAge && lag.oldestAge.compareTo(LATE) > 0)
        logger.warn('events wait to be published', { batches: lag.batches, oldestAge: lag.oldestAge });
      const forgotten = await store.events.purge(ago(deps.eventRetention), BATCHES);
      const left = await purgeTasks();
      return keys >= KEYS || forgotten >= BATCHES || left ? 'again' : 'idle';
    },
  });
}
