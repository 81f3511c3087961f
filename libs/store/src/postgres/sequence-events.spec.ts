import { EXPONENTIAL, newTaskId, subjectOf, type EventBatch, type NewTask, type Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { startEphemeralPostgres, type EphemeralPostgres } from '@orrery/testing';
import { Client } from 'pg';
import { openPostgresStore } from './open-postgres-store.ts';
import { SEQUENCE } from './sequence-events.ts';

const namespace = 'default';
const ALL = 1_000_000;

let server: EphemeralPostgres;
let url: string;
let store: Store;
const opened: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  server = await startEphemeralPostgres();
});
afterAll(() => server.stop());

beforeEach(async () => {
  url = await server.createDatabase();
  store = await openStore();
  await store.migrate();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

async function openStore(): Promise<Store> {
  const another = await openPostgresStore({ url });
  opened.push(another);
  return another;
}

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  opened.push({ close: () => client.end().catch(() => undefined) });
  return client;
}

/** Writes the events of a change of a worker, in the client's transaction. */
async function tell(client: Client, id: string, sequence: number): Promise<void> {
  const events = JSON.stringify([['worker', 'started', id, sequence]]);
  await client.query(`insert into outbox (namespace, at, events) values ($1, now(), $2)`, [namespace, events]);
}

function newTask(queue = 'default'): NewTask {
  return {
    spec: {
      namespace,
      id: newTaskId(),
      queue,
      type: 'test.work',
      params: { data: Buffer.from('{}'), contentType: 'application/json' },
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
  };
}

async function createOne(on: Store = store, queue = 'default'): Promise<string> {
  const [created] = await on.tasks.createTasks({ namespace, tasks: [newTask(queue)], request: null });
  return created?.id ?? '';
}

async function sequenceAll(limit = ALL): Promise<number> {
  let sum = 0;
  for (;;) {
    const count = await store.events.sequence(limit);
    if (count === 0) return sum;
    sum += count;
  }
}

/** Fails unless positions are 1, 2, 3 … and each subject's events are there from the first on, once each and in order. */
function expectOrder(batches: readonly EventBatch[]): void {
  expect(batches.map(({ position }) => position)).toEqual(batches.map((_, index) => BigInt(index + 1)));
  const last = new Map<string, number>();
  for (const event of batches.flatMap(({ events }) => events)) {
    const subject = `${event.noun} ${subjectOf(event)}`;
    expect([subject, event.sequence]).toEqual([subject, (last.get(subject) ?? 0) + 1]);
    last.set(subject, event.sequence);
  }
}

test('what is committed late comes later, although a thousand higher ids were there before it', async () => {
  const late = await connect();
  await late.query('begin');
  await tell(late, 'late', 1);
  for (let index = 0; index < 1000; index += 50) await Promise.all(Array.from({ length: 50 }, () => createOne()));
  expect(await sequenceAll(300)).toBe(1000);
  expect(await store.events.read(0n, ALL)).toHaveLength(1000);
  // Not while it is open, even if others commit and are sequenced meanwhile.
  await createOne();
  expect(await sequenceAll()).toBe(1);
  await late.query('commit');
  expect(await store.events.lag(1001n)).toMatchObject({ batches: 1 });
  expect(await sequenceAll()).toBe(1);
  const batches = await store.events.read(0n, ALL);
  expectOrder(batches);
  expect(batches.at(-1)?.events.map(subjectOf)).toEqual(['late']);
});

test('what is committed while a part of a snapshot is yet to be sequenced waits for the next snapshot', async () => {
  const late = await connect();
  await late.query('begin');
  await tell(late, 'late', 1);
  for (let index = 0; index < 10; index += 1) await createOne();
  expect(await store.events.sequence(4)).toBe(4);
  await late.query('commit');
  await createOne();
  expect([await store.events.sequence(4), await store.events.sequence(4)]).toEqual([4, 2]);
  expect(await store.events.sequence(4)).toBe(2);
  const batches = await store.events.read(0n, ALL);
  expectOrder(batches);
  expect(batches.findIndex(({ events }) => events.some((event) => subjectOf(event) === 'late'))).toBe(10);
});

test('what was rolled back is never there, and holds nothing up', async () => {
  const failing = await connect();
  await failing.query('begin');
  await tell(failing, 'failed', 1);
  await createOne();
  expect(await sequenceAll()).toBe(1);
  await failing.query('rollback');
  await createOne();
  expect(await sequenceAll()).toBe(1);
  expectOrder(await store.events.read(0n, ALL));
});

test('a sequencer that dies in the middle leaves the work to another', async () => {
  for (let index = 0; index < 10; index += 1) await createOne();
  const dying = await connect();
  await dying.query('begin');
  expect((await dying.query(SEQUENCE.text, [5])).rows).toEqual([{ count: 5 }]);
  // While it holds the work, another gets none, at once.
  expect(await store.events.sequence(ALL)).toBe(0);
  expect(await store.events.read(0n, ALL)).toEqual([]);
  const { rows } = await dying.query<{ pid: number }>('select pg_backend_pid() as pid');
  const killer = await connect();
  const ended = new Promise((resolve) => dying.once('end', resolve));
  await killer.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await ended;
  expect(await sequenceAll()).toBe(10);
  expectOrder(await store.events.read(0n, ALL));
});

test('several sequencers beside writers lose nothing, double nothing, and keep the order of each subject', async () => {
  const stores = [store, await openStore(), await openStore()];
  const lease = Duration.ofSeconds(30);
  const shared = await Promise.all(Array.from({ length: 4 }, () => createOne(store, 'shared')));
  let writing = true;

  // All of them change the same few tasks, which therefore wait for each other's locks; others come and go.
  const change = async (on: Store, round: number): Promise<void> => {
    const id = shared[round % shared.length] ?? '';
    await on.tasks.rescheduleTask({ namespace, id }, new Date(Date.now() + 3_600_000));
    await createOne(on);
    const slots = ['worker', 'worker', 'worker'];
    const claim = { namespace, queues: ['default'], types: [], strategy: 'FIFO', slots, leaseDuration: lease } as const;
    const tasks = await on.tasks.claimTasks(claim);
    const leases = tasks.map((task) => ({ taskId: task.id, token: task.leaseToken ?? '' }));
    const [first, ...rest] = leases;
    if (first) await on.tasks.completeTasks(namespace, [{ lease: first, result: null }]);
    await on.tasks.releaseTasks(namespace, rest);
  };
  const writer = async (on: Store, first: number): Promise<void> => {
    for (let round = first; round < first + 60; round += 1) await change(on, round);
  };
  // Holds its transactions open while the others go on.
  const slow = async (): Promise<void> => {
    const client = await connect();
    for (let round = 0, sequence = 1; writing; round += 1) {
      await client.query('begin');
      await tell(client, 'slow', sequence);
      for (let index = 0; index < 3; index += 1) await createOne();
      const fails = round % 5 === 4;
      await client.query(fails ? 'rollback' : 'commit');
      if (!fails) sequence += 1;
    }
  };
  const sequencer = async (on: Store, limit: number): Promise<void> => {
    while (writing) await on.events.sequence(limit);
  };

  const writers = stores.flatMap((on, index) => [writer(on, index), writer(on, index + 1)]);
  const others = [slow(), ...stores.map((on, index) => sequencer(on, 1 + index * 6)), sequencer(store, 3)];
  await Promise.all(writers).finally(() => (writing = false));
  await Promise.all(others);
  await sequenceAll(7);
  const batches = await store.events.read(0n, ALL);
  expectOrder(batches);
  const told = new Map<string, number>();
  for (const event of batches.flatMap(({ events }) => events)) told.set(subjectOf(event), event.sequence);
  for (const task of await store.tasks.listTasks({ namespace, limit: ALL }))
    expect(told.get(task.id)).toBe(task.revision);
  const client = await connect();
  const { rows } = await client.query<{ count: number }>('select count(*)::int as count from outbox');
  expect(batches).toHaveLength(rows[0]?.count ?? 0);
}, 60_000);

describe('after a restore from the dump of a server that had counted more transactions', () => {
  test.each([
    ['sequenced in part', true],
    ['of which nothing was sequenced', false],
  ])('a log %s goes on', async (_, sequenced) => {
    for (let index = 0; index < 10; index += 1) await createOne();
    if (sequenced) expect(await store.events.sequence(6)).toBe(6);
    const client = await connect();
    await client.query(`update outbox set xid = (xid::text::bigint + 1000000)::text::xid8`);
    await client.query(`update event_sequencer set upto = null, after_id = null,
      seen = (select format('%s:%s:', max(xid), max(xid)) from outbox)::pg_snapshot`);
    await createOne();
    for (let turn = 0; turn < 10; turn += 1) await store.events.sequence(3);
    expectOrder(await store.events.read(0n, ALL));
    expect(await store.events.head()).toBe(11n);
    await createOne();
    expect(await sequenceAll()).toBe(1);
    expectOrder(await store.events.read(0n, ALL));
  });
});
