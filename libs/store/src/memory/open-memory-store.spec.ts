import { EXPONENTIAL, newTaskId, StorageError, type NewTask } from '@orrery/core';
import { openMemoryStore } from './open-memory-store.ts';

describe('the memory store', () => {
  const task = (): NewTask => ({
    spec: {
      namespace: 'n',
      id: newTaskId(),
      queue: 'q',
      type: 't',
      params: { data: new Uint8Array(), contentType: '' },
      priority: 0,
      flowKey: '',
      retryPolicy: EXPONENTIAL,
      runTimeout: null,
      queueTimeout: null,
      heartbeatTimeout: null,
      labels: {},
      correlationId: '',
      traceparent: '',
      parentTaskId: '',
      dedupKey: '',
      typeVersion: 0,
    },
    due: null,
    idIsCallers: false,
  });

  it("goes by the machine's clock unless told otherwise", async () => {
    const store = openMemoryStore();
    const before = Date.now();
    const [created] = await store.tasks.createTasks({ namespace: 'n', tasks: [task()], request: null });
    const [found] = await store.tasks.getTasks([{ namespace: 'n', id: created?.id ?? '' }]);
    expect(found?.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(found?.createdAt.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('says so when it is asked after it was closed', async () => {
    const store = openMemoryStore();
    await store.ping();
    await store.close();
    await expect(store.ping()).rejects.toThrow(StorageError);
  });
});
