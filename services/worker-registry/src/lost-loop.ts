import { HEALTH_THRESHOLDS, type WorkerStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';
import type { ReclaimPort } from './reclaim-port.ts';

/** How often to look for workers that fell silent. */
const INTERVAL = Duration.ofSeconds(5);

/** How many workers one turn marks as lost. */
const BATCH = 100;

/**
 * How long a worker that stopped or was lost stays on record: longer than its events and audit records are kept by default, for one
 * that registers anew after that counts its events from 1 again.
 */
const FORGET_AFTER = Duration.of({ days: 100 });

/**
 * Marks workers as lost that have been silent for too long, and has the scheduler take back at once what they hold, however long
 * their leases are.
 */
export function startLostLoop(deps: {
  readonly store: WorkerStore;
  readonly scheduler: ReclaimPort;
  readonly logger: Logger;
}): Loop {
  return startLoop({
    name: 'lost-workers',
    interval: INTERVAL,
    logger: deps.logger,
    runOnce: async () => {
      await deps.store.purge(FORGET_AFTER);
      const lost = await deps.store.markLost(HEALTH_THRESHOLDS.unhealthy, BATCH);
      for (const { namespace, id, heartbeatAt } of lost) {
        const worker = { namespace, workerId: id, heldSince: heartbeatAt };
        // Should this fail, the leases run out by themselves: losing the hint costs time, never a task.
        const count = await deps.scheduler.reclaimWorker(worker);
        deps.logger.warn('worker lost', { worker_id: id, namespace, tasks_taken_back: count });
      }
      return lost.length === BATCH ? 'again' : 'idle';
    },
  });
}
