import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXPONENTIAL, newTaskId, type NewTask, type Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { modelSuite, storeSuite } from '@orrery/store-conformance';
import { openFileStore } from './open-file-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'orrery-file-'));

afterAll(() => rm(folder, { recursive: true }));

storeSuite('a directory', { open: (clock) => openFileStore({ directory: join(folder, 'suite'), clock }) });

modelSuite(
  'a directory',
  { open: (clock) => openFileStore({ directory: join(folder, 'model'), clock }) },
  { sequences: 150 },
);

const namespace = 'default';

function newTask(params: Uint8Array = Buffer.from('{}')): NewTask {
  const spec = { namespace, id: newTaskId(), queue: 'q', type: 't', priority: 0, retryPolicy: EXPONENTIAL, labels: {} };
  const from = { correlationId: 'c', traceparent: '', parentTaskId: '', flowKey: '', dedupKey: '', typeVersion: 0 };
  const limits = { runTimeout: null, queueTimeout: null, heartbeatTimeout: null };
  return {
    spec: { ...spec, ...from, ...limits, params: { data: params, contentType: 'x/y' } },
    due: null,
    idIsCallers: false,
  };
}

function create({ tasks }: Store, ...news: readonly NewTask[]) {
  return tasks.createTasks({ namespace, tasks: news, request: null });
}

function claim({ tasks }: Store, count: number) {
  const slots = Array.from({ length: count }, () => 'w');
  const leaseDuration = Duration.ofSeconds(30);
  return tasks.claimTasks({ namespace, queues: ['q'], types: [], strategy: 'FIFO', slots, leaseDuration });
}

function list({ tasks }: Store) {
  return tasks.listTasks({ namespace, limit: 1_000_000 });
}

describe('A15: the journal of a directory', () => {
  let directory: string;
  let journal: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(folder, 'journal-'));
    journal = join(directory, 'journal.jsonl');
  });

  async function use<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const store = await openFileStore({ directory });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  it('brings everything back, bytes and all, as often as it is opened', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const before = await use(async (store) => {
      await create(store, newTask(bytes), newTask(), newTask());
      const [first, second] = await claim(store, 2);
      const lease = { taskId: first?.id ?? '', token: first?.leaseToken ?? '' };
      await store.tasks.completeTasks(namespace, [{ lease, result: { data: bytes, contentType: 'x/y' } }]);
      await store.tasks.cancelTask({ namespace, id: second?.id ?? '' });
      await store.events.sequence(100);
      return { tasks: await list(store), events: await store.events.read(0n, 100), head: await store.events.head() };
    });
    expect(before.tasks).toHaveLength(3);
    for (let round = 0; round < 3; round += 1) {
      const after = await use(async (store) => ({
        tasks: await list(store),
        events: await store.events.read(0n, 100),
        head: await store.events.head(),
      }));
      expect(after).toEqual(before);
    }
  });

  it('is lines of JSON that anybody can read', async () => {
    const [created] = await use((store) => create(store, newTask()));
    const [header, ...lines] = (await readFile(journal, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(header ?? '')).toMatchObject({ orrery: 'journal' });
    const changes = lines.flatMap((line) => (JSON.parse(line) as { changes: unknown[] }).changes);
    expect(changes).toContainEqual(['put', 'task', expect.objectContaining({ id: created?.id, status: 'PENDING' })]);
  });

  it('leaves a last line out that was not written to its end, whatever is left of it', async () => {
    const [kept] = await use((store) => create(store, newTask()));
    await use((store) => create(store, newTask()));
    const written = await readFile(journal);
    const start = written.lastIndexOf('\n', written.length - 2) + 1;
    const [whole, line] = [written.subarray(0, start), written.subarray(start)];
    for (const rest of [
      line.subarray(0, 1),
      line.subarray(0, line.length >> 1),
      line.subarray(0, -2),
      Buffer.alloc(99),
    ]) {
      await writeFile(journal, Buffer.concat([whole, rest]));
      expect((await use(list)).map(({ id }) => id)).toEqual([kept?.id]);
    }
  });

  it('is refused when a line in between is not what was written', async () => {
    await use((store) => create(store, newTask()));
    const lines = (await readFile(journal, 'utf8')).split('\n');
    expect(lines.length).toBeGreaterThan(2);
    await writeFile(journal, [lines[0], lines[1]?.replace('PENDING', 'RUNNING'), ...lines.slice(1)].join('\n'));
    const opening = openFileStore({ directory });
    await expect(opening).rejects.toMatchObject({ name: 'StorageError', transient: false });
    await expect(opening).rejects.toThrow(/journal.jsonl" is damaged in line 2/);
    await writeFile(journal, 'dear diary\n');
    await expect(openFileStore({ directory })).rejects.toThrow(/damaged in line 1/);
    await writeFile(journal, '{"orrery":"journal","migrations":["9999-tomorrow"]}\n');
    await expect(openFileStore({ directory })).rejects.toThrow(/another version of Orrery/);
  });

  it('is one process’s at a time', async () => {
    await use(async () => {
      await expect(openFileStore({ directory })).rejects.toThrow(/in use by another process/);
    });
    await use(list);
  });

  it('does not write params again with each change, and forgets what has been overtaken', async () => {
    await use(async (store) => {
      await create(store, newTask(Buffer.alloc(1024 * 1024, 'x')));
      const before = (await stat(journal)).size;
      const [task] = await claim(store, 1);
      const lease = { taskId: task?.id ?? '', token: task?.leaseToken ?? '' };
      for (let i = 0; i < 20; i += 1) await store.tasks.extendLeases(namespace, [lease], Duration.ofSeconds(60));
      expect((await stat(journal)).size - before).toBeLessThan(100_000);
    });
    const before = await use(list);
    await use(async (store) => {
      for (let i = 0; i < 10; i += 1) {
        const [created] = await create(store, newTask(Buffer.alloc(1024 * 1024, 'x')));
        await store.tasks.cancelTask({ namespace, id: created?.id ?? '' });
        await store.tasks.purgeTasks(new Date(Date.now() + 1000), 10);
      }
      expect((await stat(journal)).size).toBeLessThan(24 * 1024 * 1024);
    });
    expect(await use(list)).toEqual(before);
    expect((await stat(journal)).size).toBeLessThan(3 * 1024 * 1024);
  });

  it('goes on after something that looked like the beginning of a new one was left behind', async () => {
    const [kept] = await use((store) => create(store, newTask()));
    await appendFile(`${journal}.new`, 'half of');
    expect((await use(list)).map(({ id }) => id)).toEqual([kept?.id]);
  });
});
