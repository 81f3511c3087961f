import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import { EXPONENTIAL, FIXED, type Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { inTaskScope } from '@orrery/rpc';
import { openStore } from '@orrery/store';
import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool, type PoolClient } from 'pg';
import { createTask, taskQuery } from '../src/index.ts';

const Order = defineEntity({
  name: 'Order',
  tableName: 'shop_order',
  properties: { id: p.integer().primary().autoincrement(), item: p.text() },
});

function openOrm(clientUrl: string) {
  return MikroORM.init({ clientUrl, entities: [Order], logger: () => undefined });
}

let server: EphemeralPostgres;
let store: Store;
let orm: Awaited<ReturnType<typeof openOrm>>;
let pool: Pool;

beforeAll(async () => {
  server = await startEphemeralPostgres();
  const url = await server.createDatabase();
  store = await openStore(url);
  await store.migrate();
  pool = new Pool({ connectionString: url });
  // Connections that are still closing when the server stops are told so.
  pool.on('error', () => undefined);
  await pool.query('create table shop_order (id serial primary key, item text not null)');
  orm = await openOrm(url);
});
afterAll(async () => {
  await orm.close();
  await pool.end();
  await store.close();
  await server.stop();
});

async function find(id: string, namespace = 'default') {
  const [task] = await store.tasks.getTasks([{ namespace, id }]);
  return task;
}

async function countOrders(item: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from shop_order where item = $1',
    [item],
  );
  return rows[0]?.count ?? -1;
}

class Undo extends Error {}

/** Runs work in a transaction of each kind; `undo` rolls it back. */
const KINDS: readonly (readonly [string, (item: string, undo: boolean) => Promise<string>])[] = [
  [
    'MikroORM',
    async (item, undo) => {
      let id = '';
      await orm.em
        .fork()
        .transactional(async (em) => {
          em.persist(em.create(Order, { item }));
          id = await createTask(em, 'ship', { item });
          if (undo) throw new Undo();
        })
        .catch(unlessUndo);
      return id;
    },
  ],
  [
    'Kysely',
    async (item, undo) => {
      const kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
      let id = '';
      await kysely
        .transaction()
        .execute(async (tx) => {
          await sql`insert into shop_order (item) values (${item})`.execute(tx);
          id = await createTask(tx, 'ship', { item });
          if (undo) throw new Undo();
        })
        .catch(unlessUndo);
      return id;
    },
  ],
  [
    'pg',
    async (item, undo) => {
      const client = await pool.connect();
      await client.query('begin');
      await client.query('insert into shop_order (item) values ($1)', [item]);
      const id = await createTask(client, 'ship', { item });
      await client.query(undo ? 'rollback' : 'commit');
      client.release();
      return id;
    },
  ],
];

function unlessUndo(error: unknown): void {
  if (!(error instanceof Undo)) throw error;
}

describe.each(KINDS)('A14: createTask in a transaction of %s', (kind, run) => {
  it('creates the task together with what the application writes', async () => {
    const id = await run(`kept by ${kind}`, false);
    const task = await find(id);
    expect(task).toMatchObject({ type: 'ship', queue: 'default', status: 'PENDING', retryPolicy: EXPONENTIAL });
    expect(Buffer.from(task?.params.data ?? []).toString()).toBe(`{"item":"kept by ${kind}"}`);
    expect(await countOrders(`kept by ${kind}`)).toBe(1);
  });

  it('leaves nothing after a rollback', async () => {
    const id = await run(`undone by ${kind}`, true);
    expect(id).not.toBe('');
    expect(await find(id)).toBeUndefined();
    expect(await countOrders(`undone by ${kind}`)).toBe(0);
  });
});

describe('createTask', () => {
  async function inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    await client.query('begin');
    try {
      return await work(client);
    } finally {
      await client.query('commit');
      client.release();
    }
  }

  it('takes everything that can be said of a task', async () => {
    const options = {
      id: 'mine',
      namespace: 'shop',
      queue: 'mail',
      priority: 3,
      delay: '90m',
      retry: 'fixed',
      runTimeout: '1.5s',
      queueTimeout: '10m',
      heartbeatTimeout: 5,
      retention: '1h',
      key: 'acme',
      dedup: { key: 'order-7', window: '1h' },
      labels: { order: '7' },
      correlationId: 'c',
      parentTaskId: 'p',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      schema: 'public',
    } as const;
    await inTransaction((client) =>
      createTask(client, 'ship', { data: Buffer.from([0, 255]), contentType: 'x/y' }, options),
    );
    const task = await find('mine', 'shop');
    expect(task).toMatchObject({
      queue: 'mail',
      priority: 3,
      retryPolicy: FIXED,
      runTimeout: Duration.ofMillis(1_500),
      queueTimeout: Duration.ofSeconds(600),
      heartbeatTimeout: Duration.ofSeconds(5),
      retention: Duration.ofSeconds(3600),
      flowKey: 'acme',
      dedupKey: 'order-7',
      labels: { order: '7' },
      correlationId: 'c',
      parentTaskId: 'p',
      traceparent: options.traceparent,
      params: { contentType: 'x/y' },
    });
    expect([...(task?.params.data ?? [])]).toEqual([0, 255]);
    expect((task?.runAt.getTime() ?? 0) - (task?.createdAt.getTime() ?? 0)).toBe(90 * 60_000);
  });

  it('continues the task whose handler is running', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const id = await inTaskScope({ taskId: 'parent', correlationId: 'c', traceparent }, () =>
      inTransaction((client) => createTask(client, 'ship')),
    );
    expect(await find(id)).toMatchObject({ parentTaskId: 'parent', correlationId: 'c', traceparent });
  });

  it('creates nothing while another task holds the dedup key, and returns that one’s id', async () => {
    const options = { namespace: 'dedup', dedup: { key: 'a', window: 'FOREVER' } } as const;
    const id = await inTransaction((client) => createTask(client, 'ship', { n: 1 }, options));
    expect(await inTransaction((client) => createTask(client, 'ship', { n: 2 }, options))).toBe(id);
    const free = await inTransaction((client) => createTask(client, 'ship', { n: 2 }, { namespace: 'dedup' }));
    expect(free).not.toBe(id);
    const tasks = await store.tasks.listTasks({ namespace: 'dedup', limit: 10 });
    expect(tasks.map((task) => task.id).sort()).toEqual([id, free].sort());
  });

  it('is refused outside of a transaction', async () => {
    await expect(createTask(orm.em.fork(), 'ship')).rejects.toThrow(TypeError);
    await expect(createTask(pool, 'ship')).rejects.toThrow('a pool has none');
    const client = await pool.connect();
    await expect(createTask(client, 'ship')).rejects.toThrow('begin one');
    client.release();
  });

  it('is refused for what cannot be', async () => {
    const bad = inTransaction((client) => createTask(client, 'no spaces', null, { priority: 2_000_000 }));
    await expect(bad).rejects.toThrow(/type may hold only.*priority must be/);
    const twice = inTransaction((client) => createTask(client, 'ship', null, { runAt: new Date(), delay: 1 }));
    await expect(twice).rejects.toThrow(RangeError);
  });
});

test('taskQuery is a statement for any other driver', async () => {
  const { text, values } = taskQuery('ship', { a: 1 });
  const { rows } = await pool.query<{ id: string }>(text, [...values]);
  expect(await find(rows[0]?.id ?? '')).toMatchObject({ type: 'ship' });
});
