import type { Clock, TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

const INTERVAL = Duration.ofSeconds(60);

/** How long a request_id is remembered; the contract promises 24 h. */
const REMEMBER_REQUESTS = Duration.of({ hours: 24 });

/** Forgets what nobody may ask for any more. */
export function startHousekeepingLoop(deps: {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'housekeeping',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const before = deps.clock.now().getTime() - REMEMBER_REQUESTS.toMillis();
      await deps.store.purgeRequests(new Date(before));
      return 'idle';
    },
  });
}
