import type { Promotion, TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for tasks whose time has come, when nothing tells of an earlier time. */
const INTERVAL = Duration.ofMillis(250);

/** How many tasks one statement makes ready. */
const BATCH = 1000;

/** Makes tasks ready when their time has come: within 250 ms on its own, to the millisecond when it knows the next due time. */
export function startDueLoop(deps: {
  readonly store: TaskStore;
  readonly ready: (queues: Promotion['queues']) => void;
  readonly logger: Logger;
}): Loop {
  let timer: NodeJS.Timeout | undefined;
  const loop = startLoop({
    name: 'due',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const { count, queues, nextDueIn } = await deps.store.promoteDueTasks(BATCH);
      if (queues.length > 0) deps.ready(queues);
      clearTimeout(timer);
      const next = nextDueIn?.toMillis() ?? Infinity;
      if (next < INTERVAL.toMillis()) timer = setTimeout(() => loop.wake(), Math.max(next, 0));
      return count === BATCH ? 'again' : 'idle';
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
