import { type Clock, systemClock, type WorkerStore } from '@orrery/core';
import type { Logger, Loop, ServiceModule } from '@orrery/service';
import { startLostLoop } from './lost-loop.ts';
import type { ReclaimPort } from './reclaim-port.ts';
import { workerService } from './worker-service.ts';

/** What the worker-registry is made of. */
export interface WorkerRegistryParts {
  readonly store: { readonly workers: WorkerStore };
  readonly scheduler: ReclaimPort;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** The worker-registry: who is alive, and who is not any more. */
export function createWorkerRegistryService(parts: WorkerRegistryParts): ServiceModule {
  const { store, scheduler, logger, clock = systemClock } = parts;
  let lost: Loop | undefined;
  return {
    name: 'worker-registry',
    bindings: [workerService({ store: store.workers, clock })],
    async start() {
      lost = startLostLoop({ store: store.workers, scheduler, logger });
    },
    async drain() {},
    async stop() {
      await lost?.stop();
    },
  };
}
