import type { ScheduleStore, ScheduleTurn } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for slots and for tasks that ended, when nothing tells of an earlier time. */
const INTERVAL = Duration.ofSeconds(1);

/** How many schedules one transaction fires. */
const BATCH = 100;

/**
 * Fires schedules when their time has come: to the millisecond for slots that it knows of, and within 1 s of the end of a task that
 * others wait for. Any number of schedulers may do so at once: a schedule that one has locked is left to it.
 */
export function startScheduleLoop(deps: {
  readonly store: ScheduleStore;
  /** Called when tasks were made. */
  readonly fired: (queues: ScheduleTurn['queues']) => void;
  /** Called when tasks were cancelled so that others can run. */
  readonly cancelled: (tasks: ScheduleTurn['cancelled']) => void;
  readonly logger: Logger;
}): Loop {
  let timer: NodeJS.Timeout | undefined;
  const loop = startLoop({
    name: 'schedules',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const { count, queues, cancelled, nextDueIn } = await deps.store.fireSchedules(BATCH);
      if (count > 0) deps.fired(queues);
      if (cancelled.length > 0) deps.cancelled(cancelled);
      clearTimeout(timer);
      const next = nextDueIn?.toMillis() ?? Infinity;
      // What is due still is being fired by another, or there was too much for one turn.
      if (next < INTERVAL.toMillis() && next > 0) timer = setTimeout(() => loop.wake(), next);
      return count === BATCH || (count > 0 && next <= 0) ? 'again' : 'idle';
    },
  });
  return {
    wake: () => loop.wake(),
    stop: async () => {
      await loop.stop();
      clearTimeout(timer);
    },
  };
}
