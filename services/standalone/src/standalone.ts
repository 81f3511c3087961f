import type { Store } from '@orrery/core';
import { createSchedulerService } from '@orrery/scheduler';
import type { Logger, ServiceModule } from '@orrery/service';
import { createTaskApiService } from '@orrery/task-api';
import { createWorkerRegistryService } from '@orrery/worker-registry';

/** What the services share when they are one process. */
export interface StandaloneParts {
  readonly store: Store;
  readonly logger: Logger;
  readonly maxPayloadBytes: number;
}

/** All services as one: they call each other directly, and events stay in the process. */
export function createStandalone({ store, logger, maxPayloadBytes }: StandaloneParts): readonly ServiceModule[] {
  const scheduler = createSchedulerService({
    store,
    logger,
    maxPayloadBytes,
    publish: async (events) => taskApi.hear(events.filter((event) => event.noun === 'task')),
  });
  const taskApi = createTaskApiService({ store, scheduler: scheduler.control, logger, maxPayloadBytes });
  const registry = createWorkerRegistryService({ store, scheduler: scheduler.control, logger });
  return [scheduler, taskApi, registry];
}
