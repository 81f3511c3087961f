import type { TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for tasks that waited too long; nobody can claim them once their time is up. */
const INTERVAL = Duration.ofSeconds(1);

/** How many tasks one turn ends. */
const BATCH = 500;

/** Ends tasks that no worker started within their queue timeout. */
export function startOverdueLoop(deps: {
  readonly store: TaskStore;
  /** Called after something was written, so that its events can be published. */
  readonly changed: () => void;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'overdue',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const expired = await deps.store.expireTasks(BATCH);
      if (expired.length > 0) deps.changed();
      return expired.length === BATCH ? 'again' : 'idle';
    },
  });
}
