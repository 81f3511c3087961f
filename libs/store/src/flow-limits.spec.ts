import { EXPONENTIAL, newTaskId, type Store, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { startEphemeralPostgres, type EphemeralPostgres } from '@orrery/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openPostgresStore } from './postgres/open-postgres-store.ts';
import { openSqliteStore } from './sqlite/open-sqlite-store.ts';

const namespace = 'default';
const PROCESSES = 5;
const CLAIMERS = 50;
const TASKS = 10_000;

let server: EphemeralPostgres;
let url: string;
let stores: readonly Store[];

beforeAll(async () => {
  server = await startEphemeralPostgres();
  url = await server.createDatabase();
  // Each with a pool and a memory of its own, as processes have.
  stores = await Promise.all(Array.from({ length: PROCESSES }, () => openPostgresStore({ url, poolSize: 5 })));
  await stores[0]?.migrate();
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

async function create(store: Store, count: number, flowKey: string): Promise<void> {
  const tasks = Array.from({ length: count }, (_, index) => ({
    spec: {
      namespace,
      id: newTaskId(),
      queue: 'default',
      type: index % 2 === 0 ? 'even' : 'odd',
      params: { data: Buffer.from('{}'), contentType: 'application/json' },
      priority: 0,
      flowKey,
      retryPolicy: EXPONENTIAL,
      runTimeout: null,
      queueTimeout: null,
      dedupKey: '',
      typeVersion: 0,
      heartbeatTimeout: null,
      labels: {},
      correlationId: '',
      traceparent: '',
      parentTaskId: '',
    },
    due: null,
    idIsCallers: false,
  }));
  await store.tasks.createTasks({ namespace, tasks, request: null });
}

function claim(store: Store, slots: number): Promise<readonly Task[]> {
  return store.tasks.claimTasks({
    namespace,
    queues: ['default'],
    types: [],
    strategy: 'PRIORITY',
    slots: Array.from({ length: slots }, () => 'worker'),
    leaseDuration: Duration.ofSeconds(300),
  });
}

test('A11: 50 claimers of several processes over 10,000 tasks never exceed a limit and never claim one twice', async () => {
  await claimAllWithinLimits(stores);
}, 240_000);

test('A11: nor do 50 claimers of one process on SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-'));
  const store = await openSqliteStore({ path: join(directory, 'orrery.db') });
  try {
    await store.migrate();
    await claimAllWithinLimits([store]);
  } finally {
    await store.close();
    await rm(directory, { recursive: true });
  }
}, 240_000);

/** 50 claimers, shared out among the stores, claim and complete 10,000 tasks of 20 keys under two limits. */
async function claimAllWithinLimits(all: readonly Store[]): Promise<void> {
  const [first] = all;
  if (!first) throw new Error('no store');
  const open = { namespace, queue: '', rate: null };
  await first.flow.setLimit({ ...open, name: 'each', type: '', perKey: true, maxRunning: 7 });
  await first.flow.setLimit({ ...open, name: 'odd', type: 'odd', perKey: false, maxRunning: 40 });
  for (let key = 0; key < 20; key += 1) await create(first, TASKS / 20, `key-${key}`);
  // What the others know of limits may be a second old.
  await Promise.all(all.map((store) => store.flow.listLimits(namespace)));

  const running = new Map<string, number>();
  const claimed = new Set<string>();
  const exceeded: string[] = [];
  const add = (place: string, by: number, most: number) => {
    const now = (running.get(place) ?? 0) + by;
    running.set(place, now);
    if (now > most) exceeded.push(`${now} of ${place}`);
  };
  const count = (tasks: readonly Task[], by: number) => {
    for (const { flowKey, type } of tasks) {
      add(flowKey, by, 7);
      add(type, by, type === 'odd' ? 40 : Infinity);
    }
  };
  await Promise.all(
    Array.from({ length: CLAIMERS }, async (_, index) => {
      const store = all[index % all.length] ?? first;
      while (claimed.size < TASKS) {
        const tasks = await claim(store, 1 + (index % 9));
        count(tasks, 1);
        for (const { id } of tasks) {
          if (claimed.has(id)) exceeded.push(`task ${id} twice`);
          claimed.add(id);
        }
        if (tasks.length === 0) continue;
        // Before, not after: from when the completion has begun its room may have been given to another.
        count(tasks, -1);
        const lease = (task: Task) => ({ taskId: task.id, token: task.leaseToken ?? '' });
        const completions = tasks.map((task) => ({ lease: lease(task), result: null }));
        await store.tasks.completeTasks(namespace, completions);
      }
    }),
  );
  expect(exceeded).toEqual([]);
  expect(claimed.size).toBe(TASKS);
}

test('A11: a limit set by another process holds within a second, and the database agrees that it is kept', async () => {
  const [one, other] = stores;
  if (!one || !other) throw new Error('no store');
  await Promise.all(['each', 'odd'].map((name) => one.flow.deleteLimit(namespace, name)));
  await create(one, 100, '');
  expect(await claim(other, 10)).toHaveLength(10);
  const limit = { namespace, name: 'few', queue: '', type: '', perKey: false, maxRunning: 12, rate: null };
  await one.flow.setLimit(limit);
  const deadline = performance.now() + 1000;
  while (performance.now() < deadline) await other.tasks.getTasks([]);
  await Promise.all(Array.from({ length: 20 }, (_, index) => claim(index % 2 === 0 ? one : other, 5)));
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ count: number }>(
    `select count(*)::int as count from task where status = 'RUNNING'`,
  );
  await client.end();
  expect(rows[0]?.count).toBe(12);
});
