// Takes the place of @orrery/store in a service that is to lose replies.
import { StorageError, type Store } from '@orrery/core';
import { openStore as openReliably } from '@orrery/store';
import { lostShare } from './lost-share.ts';

export * from '@orrery/store';

/** Reads lose nothing by being lost; these have had their effect by then. */
const WRITES = [
  'createTasks',
  'claimTasks',
  'promoteDueTasks',
  'completeTasks',
  'failTasks',
  'releaseTasks',
  'extendLeases',
  'cancelTask',
  'redriveTask',
  'rescheduleTask',
  'sequence',
  'moveCursor',
  'register',
  'heartbeat',
  'record',
  'createSchedule',
  'commandSchedule',
  'fireSchedules',
] as const;

/** Opens a store that commits, and then for a share of its writes says that it could not be reached. */
export async function openStore(...args: Parameters<typeof openReliably>): Promise<Store> {
  const store = await openReliably(...args);
  return {
    ...forwarded(store),
    flow: store.flow,
    tasks: lossy(store.tasks),
    schedules: lossy(store.schedules),
    workers: lossy(store.workers),
    events: lossy(store.events),
    audit: lossy(store.audit),
    definitions: lossy(store.definitions),
  };
}

function forwarded(
  store: Store,
): Omit<Store, 'tasks' | 'flow' | 'schedules' | 'workers' | 'events' | 'audit' | 'definitions'> {
  return {
    migrate: () => store.migrate(),
    listenForTasks: (hear) => store.listenForTasks(hear),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

function lossy<T extends object>(part: T): T {
  return new Proxy(part, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const method = value as (...args: unknown[]) => Promise<unknown>;
      if (!WRITES.some((write) => write === name)) return method.bind(target);
      return async (...args: unknown[]) => {
        const result = await method.apply(target, args);
        if (lostShare()) throw new StorageError(`the reply of ${String(name)} was lost, as asked`, { transient: true });
        return result;
      };
    },
  });
}
