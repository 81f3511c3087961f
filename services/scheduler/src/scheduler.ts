import {
  type Clock,
  DEFAULT_RETENTION,
  type OrreryEvent,
  type Retention,
  type Store,
  type Subscription,
  systemClock,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type ServiceModule } from '@orrery/service';
import { SchedulerControl } from './control.ts';
import { dispatchService } from './dispatch-service.ts';
import { Dispatcher } from './dispatcher.ts';
import { startDueLoop } from './due-loop.ts';
import { startExpiryLoop } from './expiry-loop.ts';
import { LeaseCalls } from './lease-calls.ts';
import { startHousekeepingLoop } from './housekeeping-loop.ts';
import { startOverdueLoop } from './overdue-loop.ts';
import { type Relay, startRelayLoop } from './relay-loop.ts';
import { startScheduleLoop } from './schedule-loop.ts';
import { schedulerService } from './scheduler-service.ts';
import { startSequenceLoop } from './sequence-loop.ts';
import { Settlement } from './settle.ts';
import type { WorkStream } from './work-stream.ts';

/** What the scheduler is made of. */
export interface SchedulerParts {
  readonly store: Pick<Store, 'tasks' | 'flow' | 'schedules' | 'events' | 'listenForTasks'>;
  readonly logger: Logger;
  /** The largest result or error that a worker may send, in bytes. */
  readonly maxPayloadBytes: number;
  /** Where events go, in the order of the log; they may come twice, never not at all. Without it they are only read from the log. */
  readonly publish?: (events: readonly OrreryEvent[]) => Promise<void>;
  /** How long events are kept to be read again. Default 7 days. */
  readonly eventRetention?: Duration;
  /** How long ended tasks are kept. Default `DEFAULT_RETENTION`. */
  readonly retention?: Retention;
  /** How old a task must be to get a share of the claims whatever its priority. Default 5 min. */
  readonly ageing?: Duration;
  readonly clock?: Clock;
  /** Decides the jitter of retries; 0 (inclusive) to 1 (exclusive). */
  readonly random?: () => number;
}

/** The scheduler, and how services in the same process talk to it. */
export interface Scheduler extends ServiceModule {
  readonly control: SchedulerControl;
  /** Publishes events; says how far it is behind. Null: there is nowhere to publish them. */
  readonly relay: Relay | null;
}

/** The scheduler: gives tasks to workers, takes their outcomes, and watches the time. */
export function createSchedulerService(parts: SchedulerParts): Scheduler {
  const { store, logger, maxPayloadBytes, clock = systemClock, random = Math.random } = parts;
  const tasks = store.tasks;
  const streams = new Set<WorkStream>();
  const draining = new AbortController();
  let listening: Subscription | undefined;
  const changed = (): void => sequence.wake();
  const begun = (): void => sequence.wakeSoon();
  const scheduled = (): void => due.wake();
  const dispatcher = new Dispatcher(store, logger, begun, { clock, ...(parts.ageing && { ageing: parts.ageing }) });
  const roomMade = (namespace: string): void => dispatcher.roomMade(namespace);
  const ready = (namespace: string): void => dispatcher.wakeNamespace(namespace);
  const settlement = new Settlement({ store: tasks, random, changed, ready, roomMade, scheduled });
  const calls = new LeaseCalls({ store: tasks, settlement, clock, maxPayloadBytes });
  const control = new SchedulerControl({
    store: tasks,
    dispatcher,
    settlement,
    streams,
    clock,
    changed,
    begun,
    scheduled,
    schedulesChanged: () => schedules.wake(),
  });
  const { publish } = parts;
  const relay = publish ? startRelayLoop({ events: store.events, publish, logger }) : null;
  const sequence = startSequenceLoop({ events: store.events, sequenced: () => relay?.wake(), logger });
  const due = startDueLoop({ store: tasks, ready: (queues) => dispatcher.wake(queues), logger });
  const schedules = startScheduleLoop({
    store: store.schedules,
    fired: (queues) => control.wake({ queues }),
    cancelled: (cancels) => control.wake({ cancels }),
    logger,
  });
  const expiry = startExpiryLoop({ store: tasks, settlement, clock, logger });
  const overdue = startOverdueLoop({ store: tasks, changed, logger });
  const housekeeping = startHousekeepingLoop({
    store,
    relay,
    retention: parts.retention ?? DEFAULT_RETENTION,
    eventRetention: parts.eventRetention ?? Duration.of({ days: 7 }),
    clock,
    logger,
  });

  return {
    name: 'scheduler',
    control,
    relay,
    bindings: [
      dispatchService({
        store: tasks,
        dispatcher,
        calls,
        settlement,
        streams,
        maxPayloadBytes,
        draining: draining.signal,
        begun,
      }),
      schedulerService(control, draining.signal),
    ],
    async start() {
      for (const loop of [sequence, due, schedules, expiry]) loop.wake();
      listening = store.listenForTasks((queues) => control.wake({ queues, scheduled: true }));
    },
    async drain() {
      draining.abort();
      for (const stream of streams) stream.drain('the scheduler is shutting down');
    },
    async stop() {
      await listening?.stop();
      await Promise.all([dispatcher, due, schedules, expiry, overdue, housekeeping].map((part) => part.stop()));
      // Last, so that what was just done is told of.
      await sequence.stop();
      await relay?.stop();
    },
  };
}
