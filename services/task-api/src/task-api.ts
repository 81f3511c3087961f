import type { TaskEvent, TaskStore } from '@orrery/core';
import type { Logger, ServiceModule } from '@orrery/service';
import type { SchedulerPort } from './scheduler-port.ts';
import { taskService } from './task-service.ts';
import { Waiters } from './waiters.ts';

/** What the task-api is made of. */
export interface TaskApiParts {
  readonly store: { readonly tasks: TaskStore };
  readonly scheduler: SchedulerPort;
  readonly logger: Logger;
  /** The largest params that are accepted, in bytes. */
  readonly maxPayloadBytes: number;
}

/** The task-api, and where it hears of events. */
export interface TaskApi extends ServiceModule {
  /** Tells of events; they make waiting quick, and may be lost. */
  hear(events: readonly TaskEvent[]): void;
}

/** The front door: creates tasks, looks at them, waits for them, asks for their course to be changed. */
export function createTaskApiService(parts: TaskApiParts): TaskApi {
  const draining = new AbortController();
  const waiters = new Waiters(parts.store.tasks, parts.logger);
  return {
    name: 'task-api',
    bindings: [
      taskService({
        store: parts.store.tasks,
        scheduler: parts.scheduler,
        waiters,
        maxPayloadBytes: parts.maxPayloadBytes,
        draining: draining.signal,
      }),
    ],
    hear(events) {
      for (const { kind, namespace, taskId } of events) {
        if (kind === 'succeeded' || kind === 'failed' || kind === 'cancelled') waiters.ended({ namespace, id: taskId });
      }
    },
    async start() {},
    async drain() {
      draining.abort();
    },
    async stop() {
      await waiters.stop();
    },
  };
}
