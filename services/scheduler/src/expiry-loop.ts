import type { Clock, TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';
import type { Settlement } from './settle.ts';

/** How often to look for leases that ran out: with the default lease of 30 s, a crash is noticed within 31 s. */
const INTERVAL = Duration.ofSeconds(1);

/** How many leases one turn takes back. */
const BATCH = 500;

/** Takes tasks back from workers that stopped extending their leases. */
export function startExpiryLoop(deps: {
  readonly store: TaskStore;
  readonly settlement: Settlement;
  readonly clock: Clock;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'expiry',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      const expired = await deps.store.listExpiredLeases(BATCH);
      if (expired.length === 0) return 'idle';
      const count = await deps.settlement.reclaim(expired, 'stopped extending its lease', deps.clock.now());
      const workers = [...new Set(expired.map((task) => task.workerId))];
      deps.logger.warn('took back tasks whose leases ran out', { count, workers: workers.slice(0, 10) });
      return expired.length === BATCH ? 'again' : 'idle';
    },
  });
}
