import { namespacev1 } from '@orrery/contracts';
import type { Store } from '@orrery/core';
import { openStore } from '@orrery/store';
import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import { spec, startTaskApi } from './harness.ts';

type Api = Awaited<ReturnType<typeof startTaskApi>>;

describe('quotas with two task-apis on one PostgreSQL', () => {
  const name = 'shared';
  let server: EphemeralPostgres;
  let apis: readonly [Api, Api];

  beforeAll(async () => {
    server = await startEphemeralPostgres();
    const url = await server.createDatabase();
    const open = async (): Promise<Store> => {
      const store = await openStore(url, { poolSize: 5 });
      await store.migrate();
      return store;
    };
    apis = [await startTaskApi({}, await open()), await startTaskApi({}, await open())];
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.stop()));
    await server.stop();
  });

  const countLive = async () => {
    const { queues } = await apis[0].tasks.getStats({ namespace: name, byType: false });
    return queues.reduce((sum, queue) => sum + Number(queue.readyCount + queue.scheduledCount + queue.runningCount), 0);
  };

  it('are kept exactly, though both create at the same time while tasks end', async () => {
    const quotas = { ...namespacev1.NamespaceQuotas.decode(new Uint8Array()), maxLiveTasks: 100 };
    const namespace = { ...namespacev1.Namespace.decode(new Uint8Array()), name, quotas };
    // The same from both, so that both know of it at once.
    for (const api of apis) await api.namespaces.setNamespace({ namespace });

    const created: string[] = [];
    let refused = 0;
    const exceeded: number[] = [];
    await Promise.all(
      Array.from({ length: 20 }, async (_, worker) => {
        const api = worker % 2 === 0 ? apis[0] : apis[1];
        for (let round = 0; round < 10; round += 1) {
          const tasks = Array.from({ length: 1 + (worker % 3) }, () => spec('some.work'));
          const { results } = await api.tasks.createTasks({
            namespace: name,
            tasks,
            requestId: '',
            partialSuccess: true,
          });
          for (const { taskId, error } of results) {
            if (error) refused += 1;
            else created.push(taskId);
          }
          const live = await countLive();
          if (live > 100) exceeded.push(live);
          const taskId = round % 3 === 0 ? created.shift() : undefined;
          if (taskId !== undefined) await api.tasks.cancelTask({ namespace: name, taskId });
        }
      }),
    );
    expect(exceeded).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    expect(await countLive()).toBe(created.length);
    expect(created.length).toBeGreaterThan(50);
  });

  it('by rate hold for both together', async () => {
    const createRate = { count: 1, period: { seconds: 3600n, nanos: 0 }, burst: 30 };
    const quotas = { ...namespacev1.NamespaceQuotas.decode(new Uint8Array()), createRate };
    const namespace = { ...namespacev1.Namespace.decode(new Uint8Array()), name: 'paced', quotas };
    for (const api of apis) await api.namespaces.setNamespace({ namespace });
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? apis[0] : apis[1]).tasks.createTask({
          namespace: 'paced',
          task: spec('some.work'),
          requestId: '',
        }),
      ),
    );
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);
  });
});
