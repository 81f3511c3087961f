import { type LeaseRef, Refusal, type Store, type TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';

/** Ways in which a backend may be wrong without being wrong at once: each makes a store that is right into one that is not. */
export const DEFECTS: Readonly<Record<string, (store: Store) => Store>> = {
  'nothing wrong': (store) => store,
  'a stale lease token accepted': (store) =>
    withTasks(store, {
      completeTasks: async (namespace, completions) => {
        const current = await currentLeases(
          store,
          namespace,
          completions.map(({ lease }) => lease),
        );
        return store.tasks.completeTasks(
          namespace,
          completions.map((completion, i) => ({ ...completion, lease: current[i] ?? completion.lease })),
        );
      },
    }),
  'half of a batch kept that is refused': (store) =>
    withTasks(store, {
      createTasks: async (request) => {
        try {
          return await store.tasks.createTasks(request);
        } catch (error) {
          if (error instanceof Refusal)
            for (const task of request.tasks)
              await store.tasks.createTasks({ ...request, tasks: [task], request: null }).catch(() => undefined);
          throw error;
        }
      },
    }),
  'request ids forgotten': (store) =>
    withTasks(store, { createTasks: (request) => store.tasks.createTasks({ ...request, request: null }) }),
  'one order for every strategy': (store) =>
    withTasks(store, { claimTasks: (claim) => store.tasks.claimTasks({ ...claim, strategy: 'FIFO' }) }),
  'tasks purged a second early': (store) =>
    withTasks(store, {
      purgeTasks: (before, ...rest) => store.tasks.purgeTasks(Duration.ofSeconds(1).addTo(before), ...rest),
    }),
  'an event of each batch lost': (store) =>
    new Proxy(store, {
      get: (_, name) => (name === 'events' ? losing(store.events) : bound(store, name)),
    }),
};

/** The leases that their tasks have by now, whoever holds them. */
async function currentLeases(store: Store, namespace: string, leases: readonly LeaseRef[]): Promise<LeaseRef[]> {
  const tasks = await store.tasks.getTasks(leases.map(({ taskId }) => ({ namespace, id: taskId })));
  const tokens = new Map(tasks.map(({ id, leaseToken }) => [id, leaseToken]));
  return leases.map(({ taskId, token }) => ({ taskId, token: tokens.get(taskId) ?? token }));
}

function losing(events: Store['events']): Store['events'] {
  const read: Store['events']['read'] = async (...args) => {
    const batches = await events.read(...args);
    return batches.map((batch) => (batch.events.length > 1 ? { ...batch, events: batch.events.slice(1) } : batch));
  };
  return new Proxy(events, { get: (_, name) => (name === 'read' ? read : bound(events, name)) });
}

function withTasks(store: Store, wrong: Partial<TaskStore>): Store {
  const tasks = new Proxy(store.tasks, { get: (_, name) => Reflect.get(wrong, name) ?? bound(store.tasks, name) });
  return new Proxy(store, { get: (_, name) => (name === 'tasks' ? tasks : bound(store, name)) });
}

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name);
  return typeof member === 'function' ? member.bind(target) : member;
}
