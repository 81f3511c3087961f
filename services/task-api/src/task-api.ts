import type {
  DefinitionStore,
  EventBus,
  EventLog,
  FlowStore,
  OrreryEvent,
  ScheduleStore,
  Subscription,
  TaskStore,
} from '@orrery/core';
import type { Logger, ServiceModule } from '@orrery/service';
import { Definitions } from './definitions.ts';
import { EventFeed } from './event-feed.ts';
import { eventService } from './event-service.ts';
import { flowService } from './flow-service.ts';
import { namespaceService } from './namespace-service.ts';
import { scheduleService } from './schedule-service.ts';
import type { SchedulerPort } from './scheduler-port.ts';
import { taskService } from './task-service.ts';
import { taskTypeService } from './task-type-service.ts';
import { Waiters } from './waiters.ts';

/** What the task-api is made of. */
export interface TaskApiParts {
  readonly store: {
    readonly tasks: TaskStore;
    readonly flow: FlowStore;
    readonly schedules: ScheduleStore;
    readonly events: EventLog;
    readonly definitions: DefinitionStore;
  };
  readonly scheduler: SchedulerPort;
  /** Where it hears of events: that makes waiting quick. Null: waiting is looking. */
  readonly bus: Pick<EventBus, 'listen'> | null;
  readonly logger: Logger;
  /** The largest params that are accepted, in bytes. */
  readonly maxPayloadBytes: number;
}

/** The types of events that end a wait. */
const ENDS = ['succeeded', 'failed', 'cancelled', 'deleted'].map((kind) => `orrery.task.v1.${kind}`);

/** The front door: creates tasks, looks at them, waits for them, asks for their course to be changed. */
export function createTaskApiService(parts: TaskApiParts): ServiceModule {
  let listening: Subscription | undefined;
  const draining = new AbortController();
  const waiters = new Waiters(parts.store.tasks, parts.logger);
  const { events } = parts.store;
  const definitions = new Definitions(parts.store.definitions);
  const feed = new EventFeed({ events, bus: parts.bus, logger: parts.logger });
  return {
    name: 'task-api',
    bindings: [
      taskService({
        store: parts.store.tasks,
        scheduler: parts.scheduler,
        waiters,
        maxPayloadBytes: parts.maxPayloadBytes,
        definitions,
        draining: draining.signal,
        logger: parts.logger,
      }),
      flowService(parts.store.flow),
      scheduleService({
        store: parts.store.schedules,
        scheduler: parts.scheduler,
        definitions,
        maxPayloadBytes: parts.maxPayloadBytes,
      }),
      taskTypeService({ store: parts.store.definitions, definitions }),
      namespaceService({
        store: parts.store.definitions,
        definitions,
        maxPayloadBytes: parts.maxPayloadBytes,
      }),
      eventService({ events, feed, logger: parts.logger, draining: draining.signal }),
    ],
    async start() {
      await definitions.start(parts.logger);
      listening = await parts.bus?.listen(ENDS, hear);
    },
    async drain() {
      draining.abort();
    },
    async stop() {
      await listening?.stop();
      await feed.stop();
      await definitions.stop();
      await waiters.stop();
    },
  };

  function hear(events: readonly OrreryEvent[]): void {
    for (const event of events) {
      if (event.noun !== 'task') continue;
      const key = { namespace: event.namespace, id: event.taskId };
      if (event.kind === 'deleted') waiters.gone(key);
      else waiters.ended(key);
    }
  }
}
