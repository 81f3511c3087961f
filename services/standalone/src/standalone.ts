import { createAssessmentLoggerService, fromLog } from '@orrery/assessment-logger';
import type { EventBus, Retention, Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createSchedulerService, type SchedulerControl } from '@orrery/scheduler';
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
  /** How long ended tasks are kept. Default `DEFAULT_RETENTION`. */
  readonly retention?: Retention;
  /** How old a task must be to get a share of the claims whatever its priority. Default 5 min. */
  readonly ageing?: Duration;
  /** How long the audit trail is kept. Default 90 days. */
  readonly auditRetention?: Duration;
}

const AUDIT_RETENTION = Duration.of({ days: 90 });

/** All services, to be served together. */
export interface Standalone {
  readonly modules: readonly ServiceModule[];
  /** What else in this process asks of the scheduler. */
  readonly control: SchedulerControl;
}

/** All services as one: they call each other directly. */
export function createStandalone(parts: StandaloneParts): Standalone {
  const { store, bus, logger, maxPayloadBytes, eventRetention, retention, ageing } = parts;
  const scheduler = createSchedulerService({
    store,
    logger,
    maxPayloadBytes,
    publish: (events) => bus.publish(events),
    ...(eventRetention && { eventRetention }),
    ...(retention && { retention }),
    ...(ageing && { ageing }),
  });
  const taskApi = createTaskApiService({ store, scheduler: scheduler.control, bus, logger, maxPayloadBytes });
  const registry = createWorkerRegistryService({ store, scheduler: scheduler.control, logger });
  // From the log, not the bus: what was written before a crash is put on record after it.
  const source = fromLog(store.events, logger);
  const assessmentLogger = createAssessmentLoggerService({
    store,
    source,
    logger,
    retention: parts.auditRetention ?? AUDIT_RETENTION,
  });
  return { modules: [scheduler, taskApi, registry, assessmentLogger], control: scheduler.control };
}
