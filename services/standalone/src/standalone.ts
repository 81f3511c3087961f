import type { EventBus, Store } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { createSchedulerService } from '@orrery/scheduler';
import type { Logger, ServiceModule } from '@orrery/service';
import { createTaskApiService } from '@orrery/task-api';
import { createWorkerRegistryService } from '@orrery/worker-registry';

/** What the services share when they are one process. */
export interface StandaloneParts {
  readonly store: Store;
  /** Where events go. */
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly maxPayloadBytes: number;
  /** How long events are kept to be read again. Default 7 days. */
  readonly eventRetention?: Duration;
}

/** All services as one: they call each other directly. */
export function createStandalone(parts: StandaloneParts): readonly ServiceModule[] {
  const { store, bus, logger, maxPayloadBytes, eventRetention } = parts;
  const scheduler = createSchedulerService({
    store,
    logger,
    maxPayloadBytes,
    publish: (events) => bus.publish(events),
    ...(eventRetention && { eventRetention }),
  });
  const taskApi = createTaskApiService({ store, scheduler: scheduler.control, bus, logger, maxPayloadBytes });
  const registry = createWorkerRegistryService({ store, scheduler: scheduler.control, logger });
  return [scheduler, taskApi, registry];
}
