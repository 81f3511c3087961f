import { type DedupWindow, EXPONENTIAL, newTaskId, type Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import { Client } from 'pg';
import { openPostgresStore } from './open-postgres-store.ts';

let server: EphemeralPostgres;
let store: Store;
let one: Client;
let other: Client;
let observer: Client;
let namespace = '';
let tests = 0;

const KEY = 'order-7';

beforeAll(async () => {
  server = await startEphemeralPostgres();
  const url = await server.createDatabase();
  store = await openPostgresStore({ url });
  await store.migrate();
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    return client;
  };
  [one, other, observer] = [await connect(), await connect(), await connect()];
});
beforeEach(() => (namespace = `dedup-${(tests += 1)}`));
afterAll(async () => {
  for (const client of [one, other, observer]) await client.end();
  await store.close();
  await server.stop();
});

/** Calls orrery_create_task with a dedup key; returns the id. */
async function create(on: Client, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const args = { type: 'ship', namespace, dedup_key: KEY, ...more };
  const list = Object.keys(args).map((name, index) => `${name} => $${index + 1}`);
  const { rows } = await on.query<{ id: string }>(
    `select orrery_create_task(${list.join(', ')}) as id`,
    Object.values(args),
  );
  return rows[0]?.id ?? '';
}

/** Creates a task with the same key as the services do. */
async function createByStore(
  dedupWindow: DedupWindow,
): Promise<{ readonly id: string; readonly deduplicated: boolean }> {
  const spec = {
    namespace,
    id: newTaskId(),
    queue: 'default',
    type: 'ship',
    params: { data: Buffer.from('null'), contentType: 'application/json' },
    priority: 0,
    flowKey: '',
    retryPolicy: EXPONENTIAL,
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: 'c',
    traceparent: '',
    parentTaskId: '',
    dedupKey: KEY,
    typeVersion: 0,
  };
  const tasks = [{ spec, due: null, idIsCallers: false, dedupWindow }];
  const [outcome] = await store.tasks.createTasks({ namespace, tasks, request: null });
  if (!outcome) throw new Error('there was no outcome');
  return outcome;
}

async function taskIds(): Promise<readonly string[]> {
  return (await store.tasks.listTasks({ namespace, limit: 100 })).map(({ id }) => id);
}

/** Resolves once somebody waits for a lock, which can be nobody but the other application. */
async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const { rows } = await observer.query(
      `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}

const end = (id: string) => store.tasks.cancelTask({ namespace, id });

describe('A14: a dedup key in an application’s own transaction', () => {
  test.each<[string, { dedup_window?: string; dedup_for?: string }, 'free' | 'held']>([
    ['while its task is active', {}, 'free'],
    ['for ever', { dedup_window: 'FOREVER' }, 'held'],
    ['for a time', { dedup_for: '1 hour' }, 'held'],
    ['for a time that is over', { dedup_for: '1 ms' }, 'free'],
  ])('is held %s', async (_, window, afterwards) => {
    const first = await create(one, window);
    // A millisecond has passed by the next call: the commit alone takes longer.
    if (window.dedup_for !== '1 ms') expect(await create(one, window)).toBe(first);
    await end(first);
    const second = await create(other, window);
    expect(second === first).toBe(afterwards === 'held');
    expect(await taskIds()).toHaveLength(afterwards === 'held' ? 1 : 2);
  });

  test('is free again after a rollback, and held within the transaction', async () => {
    await one.query('begin');
    const undone = await create(one);
    expect(await create(one)).toBe(undone);
    await one.query('rollback');
    const kept = await create(one);
    expect(kept).not.toBe(undone);
    expect(await taskIds()).toEqual([kept]);
  });

  test('tells of one task only', async () => {
    const id = await create(one);
    await create(other);
    const { rows } = await observer.query('select from outbox where namespace = $1', [namespace]);
    expect(rows).toHaveLength(1);
    const [task] = await store.tasks.getTasks([{ namespace, id }]);
    expect(task).toMatchObject({ dedupKey: KEY });
  });

  test('of two applications at once, the second waits and finds the first one’s task', async () => {
    await one.query('begin');
    const first = await create(one);
    await other.query('begin');
    const second = create(other);
    await untilSomebodyWaits();
    await one.query('commit');
    expect(await second).toBe(first);
    await other.query('commit');
    expect(await taskIds()).toEqual([first]);
  });

  test('of two at once, the second has it if the first rolls back', async () => {
    await one.query('begin');
    const first = await create(one);
    await other.query('begin');
    const second = create(other);
    await untilSomebodyWaits();
    await one.query('rollback');
    const id = await second;
    expect(id).not.toBe(first);
    await other.query('commit');
    expect(await taskIds()).toEqual([id]);
  });

  test('is taken over from an ended task by one of two only', async () => {
    await end(await create(one));
    await one.query('begin');
    const first = await create(one);
    await other.query('begin');
    const second = create(other);
    await untilSomebodyWaits();
    await one.query('commit');
    expect(await second).toBe(first);
    await other.query('commit');
    expect(await taskIds()).toHaveLength(2);
  });

  test('is shared with the services, which wait for the commit', async () => {
    await one.query('begin');
    const id = await create(one);
    const outcome = createByStore('WHILE_ACTIVE');
    await untilSomebodyWaits();
    await one.query('commit');
    expect(await outcome).toEqual({ id, deduplicated: true });
    await end(id);
    const next = await createByStore(Duration.ofSeconds(60));
    expect(next.deduplicated).toBe(false);
    expect(await create(one)).toBe(next.id);
  });

  test('many at once make one task', async () => {
    const clients = [one, other, observer];
    const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => create(clients[i % 3] ?? one)));
    expect(new Set(ids).size).toBe(1);
    expect(await taskIds()).toEqual([ids[0]]);
  });

  test('is refused where it says what cannot be', async () => {
    const wrong = [
      [{ dedup_key: 'x'.repeat(256) }, 'dedup_key is longer'],
      [{ dedup_window: 'SOMETIMES' }, 'dedup_window must be'],
      [{ dedup_for: '0s' }, 'dedup_for must be'],
      [{ dedup_for: '4000 days' }, 'dedup_for must be'],
      [{ dedup_for: '1s', dedup_window: 'FOREVER' }, 'only one of'],
      [{ dedup_key: null, dedup_for: '1s' }, 'dedup_key is required'],
      [{ queue_timeout: '0s' }, 'queue_timeout must be'],
      [{ heartbeat_timeout: '0.5s' }, 'heartbeat_timeout must be'],
      [{ retention: '59s' }, 'retention must be'],
    ] as const;
    for (const [args, message] of wrong) await expect(create(one, args)).rejects.toThrow(message);
    expect(await taskIds()).toEqual([]);
  });
});
