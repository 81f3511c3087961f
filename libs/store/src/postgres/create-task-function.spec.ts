import { type CreationQuota, EXPONENTIAL, FIXED, NO_RETRY, newTaskId } from '@orrery/core';
import type { NewTask, Store, TaskSpec } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import { Client } from 'pg';
import { openPostgresStore } from './open-postgres-store.ts';

const namespace = 'default';

let server: EphemeralPostgres;
let url: string;
let store: Store;
let application: Client;

beforeAll(async () => {
  server = await startEphemeralPostgres();
  url = await server.createDatabase();
  store = await openPostgresStore({ url });
  await store.migrate();
  application = new Client({ connectionString: url });
  await application.connect();
});
afterAll(async () => {
  await application.end();
  await store.close();
  await server.stop();
});

/** Calls orrery_create_task with named arguments. */
async function createBySql(args: Readonly<Record<string, unknown>>, on = application): Promise<string> {
  const names = Object.keys(args);
  const list = names.map((name, index) => `${name} => $${index + 1}`).join(', ');
  const { rows } = await on.query<{ id: string }>(`select orrery_create_task(${list}) as id`, Object.values(args));
  return rows[0]?.id ?? '';
}

function createByStore(spec: Partial<TaskSpec>, due: NewTask['due'] = null, quota?: CreationQuota) {
  const whole: TaskSpec = {
    namespace,
    id: newTaskId(),
    queue: 'default',
    type: 'mail.send',
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
    dedupKey: '',
    typeVersion: 0,
    ...spec,
  };
  const tasks = [{ spec: whole, due, idIsCallers: true }];
  return store.tasks.createTasks({ namespace: whole.namespace, tasks, request: null, ...(quota && { quota }) });
}

const JSON_COLUMNS = ['options', 'labels'];

/** Everything that is stored of a task but its id and when; what is JSON is compared as such. */
async function rowOf(id: string): Promise<Record<string, unknown>> {
  const { rows } = await application.query<Record<string, unknown>>('select * from task where id = $1', [id]);
  const { created_at, updated_at, run_at, start_by, ...row } = rows[0] ?? {};
  expect(updated_at).toEqual(created_at);
  const delay = (run_at as Date).getTime() - (created_at as Date).getTime();
  for (const name of JSON_COLUMNS) if (typeof row[name] === 'string') row[name] = JSON.parse(row[name]);
  const waits = start_by instanceof Date ? start_by.getTime() - (run_at as Date).getTime() : null;
  return { ...row, id: 'ID', delay, waits };
}

/** Everything that is stored of a task's events but its id and when. */
async function eventsOf(id: string): Promise<unknown> {
  const { rows } = await application.query<{ namespace: string; events: string }>(
    'select namespace, events from outbox where events like $1',
    [`%${id}%`],
  );
  return rows.map((row) => ({ ...row, events: JSON.parse(row.events.replaceAll(id, 'ID')) as unknown }));
}

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const hour = Duration.ofSeconds(3600);

test.each<[string, Record<string, unknown>, Partial<TaskSpec>, NewTask['due']]>([
  ['nothing but a type', {}, {}, null],
  [
    'params',
    { params: '{"a":1}' },
    { params: { data: Buffer.from('{"a": 1}'), contentType: 'application/json' } },
    null,
  ],
  [
    'bytes',
    { params_bytes: Buffer.from([0, 1, 255]), params_type: 'application/octet-stream' },
    { params: { data: Buffer.from([0, 1, 255]), contentType: 'application/octet-stream' } },
    null,
  ],
  [
    'a queue, priority, labels and where it comes from',
    { queue: 'mail', priority: -3, labels: { b: '2', a: '1' }, traceparent, parent_task_id: 'p' },
    { queue: 'mail', priority: -3, labels: { a: '1', b: '2' }, traceparent, parentTaskId: 'p' },
    null,
  ],
  ['no labels', { labels: {} }, { labels: {} }, null],
  [
    'a delay and a time limit',
    { delay: '1 hour', run_timeout: '90.5s' },
    { runTimeout: Duration.ofMillis(90_500) },
    hour,
  ],
  [
    'a flow key, and limits to how long it waits and is silent',
    { flow_key: 'acme', queue_timeout: '10 minutes', heartbeat_timeout: '5s', retention: '1 day', delay: '1 hour' },
    {
      flowKey: 'acme',
      queueTimeout: Duration.ofSeconds(600),
      heartbeatTimeout: Duration.ofSeconds(5),
      retention: Duration.of({ days: 1 }),
    },
    hour,
  ],
  ['the default retries by name', { retry: '"exponential"' }, {}, null],
  ['fixed retries', { retry: '"fixed"' }, { retryPolicy: FIXED }, null],
  ['no retries', { retry: '"none"' }, { retryPolicy: NO_RETRY }, null],
  [
    'parts of a retry policy',
    { retry: { maxAttempts: 7, initialDelay: '0.25s', predicate: { on: 'ERROR_TYPE', types: ['network'] } } },
    {
      retryPolicy: {
        ...EXPONENTIAL,
        maxAttempts: 7,
        initialDelay: Duration.ofMillis(250),
        predicate: { on: 'ERROR_TYPE', types: ['network'] },
      },
    },
    null,
  ],
])('A14: orrery_create_task stores what the store itself would: %s', async (_, args, spec, due) => {
  const id = await createBySql({ type: 'mail.send', correlation_id: 'c', ...args });
  const [other] = await createByStore(spec, due);
  expect(await rowOf(id)).toEqual(await rowOf(other?.id ?? ''));
  const events = await eventsOf(id);
  expect(events).toEqual([expect.objectContaining({ namespace })]);
  expect(events).toEqual(await eventsOf(other?.id ?? ''));
});

test('ids are UUIDv7 in the order of the calls, and a correlation id is made', async () => {
  await application.query('begin');
  const ids: string[] = [];
  for (let i = 0; i < 50; i += 1) ids.push(await createBySql({ type: 'order' }));
  await application.query('commit');
  expect(ids.toSorted()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Math.abs(Number.parseInt((ids[0] ?? '').replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(5_000);
  const [task] = await store.tasks.getTasks([{ namespace, id: ids[0] ?? '' }]);
  expect(task?.correlationId).toMatch(/^[0-9a-f-]{36}$/);
});

test('A14: a rollback leaves neither the task nor its event, also one to a savepoint', async () => {
  await application.query('begin');
  const kept = await createBySql({ type: 'kept' });
  await application.query('savepoint here');
  const undone = await createBySql({ type: 'undone' });
  await application.query('rollback to here');
  await application.query('commit');
  await application.query('begin');
  const gone = await createBySql({ type: 'gone' });
  await application.query('rollback');
  const found = await store.tasks.getTasks([kept, undone, gone].map((id) => ({ namespace, id })));
  expect(found.map(({ id }) => id)).toEqual([kept]);
  expect([await eventsOf(kept), await eventsOf(undone), await eventsOf(gone)]).toEqual([[expect.anything()], [], []]);
});

test('everything that is wrong is said at once, and nothing is stored', async () => {
  const wrong = {
    type: 'no spaces',
    queue: 'q'.repeat(129),
    priority: 1_000_001,
    delay: '-1s',
    run_timeout: '0s',
    labels: { a: 1 },
    correlation_id: 'x'.repeat(256),
    retry: { maxAttempts: 0, multiplier: 0.5, jitter: 2, initialDelay: 'soon', predicate: { on: 'SOMETIMES' } },
    params_bytes: Buffer.alloc(1024 * 1024 + 1),
  };
  const error: unknown = await createBySql(wrong).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: '22023' });
  for (const part of [
    'type may hold only',
    'queue is longer than 128',
    'priority must be',
    'delay must be',
    'run_timeout must be',
    'labels must be',
    'correlation_id is longer',
    'maxAttempts must be',
    'multiplier must be a number from 1 to 100',
    'jitter must be',
    'initialDelay must be',
    'predicate is none',
    'params has 1048577 bytes; at most 1048576',
  ])
    expect((error as Error).message).toContain(part);
  await expect(createBySql({ type: 'x', params: '1', params_bytes: Buffer.from('1') })).rejects.toThrow('only one of');
  await expect(createBySql({ type: 'x', run_at: new Date(), delay: '1s' })).rejects.toThrow('only one of');
  await expect(createBySql({ type: '' })).rejects.toThrow('type is required');
  for (const retry of ['"sometimes"', '7', '{"maxAttempts":1.5}', '{"unknown":1}', '{"jitter":"1"}'])
    await expect(createBySql({ type: 'x', retry })).rejects.toThrow('retry');
});

test('a chosen id is taken once and for all', async () => {
  await createBySql({ type: 'x', id: 'mine', namespace: 'other' });
  await expect(createBySql({ type: 'x', id: 'mine', namespace: 'other' })).rejects.toMatchObject({ code: '23505' });
  await store.tasks.cancelTask({ namespace: 'other', id: 'mine' });
  await expect(createBySql({ type: 'x', id: 'mine', namespace: 'other' })).rejects.toMatchObject({ code: '23505' });
});

describe('what is said about a namespace', () => {
  const say = (name: string, said: object) =>
    store.definitions.put({ kind: 'NAMESPACE', namespace: name, name: '', version: 0, body: JSON.stringify(said) });
  const quotas = { maxLiveTasks: 1, maxPayloadBytes: null, createRate: null };
  const notNow = { code: '55000' };

  test('holds: closed ones take nothing', async () => {
    await say('closed', { strict: false, closed: true, quotas });
    await expect(createBySql({ type: 'x', namespace: 'closed' })).rejects.toMatchObject(notNow);
    await say('closed', { strict: false, closed: false, quotas });
    await createBySql({ type: 'x', namespace: 'closed' });
  });

  test('holds: strict ones take what is registered and active', async () => {
    await say('strict', { strict: true, closed: false, quotas });
    const key = { kind: 'TASK_TYPE', namespace: 'strict', name: 'known', version: 3 } as const;
    await store.definitions.put({ ...key, body: '{}' });
    await createBySql({ type: 'known', namespace: 'strict' });
    await expect(createBySql({ type: 'unknown', namespace: 'strict' })).rejects.toMatchObject(notNow);
    await store.definitions.setActive(key, false);
    await expect(createBySql({ type: 'known', namespace: 'strict' })).rejects.toMatchObject(notNow);
  });

  test('holds: params may have to be smaller', async () => {
    await say('small', { strict: false, closed: false, quotas: { ...quotas, maxPayloadBytes: 5 } });
    await createBySql({ type: 'x', namespace: 'small', params: '12345' });
    await expect(createBySql({ type: 'x', namespace: 'small', params: '123456' })).rejects.toMatchObject({
      code: '22023',
      message: 'task: params has 6 bytes; at most 5 are accepted',
    });
  });

  test('does not hold for room, but others have less of it', async () => {
    await say('full', { strict: false, closed: false, quotas });
    await createBySql({ type: 'x', namespace: 'full' });
    await createBySql({ type: 'x', namespace: 'full' });
    const quota = { maxLiveTasks: 2, createRate: null };
    await expect(createByStore({ namespace: 'full' }, null, quota)).rejects.toMatchObject({ reason: 'QUOTA_EXCEEDED' });
  });
});

test('who may call it needs no rights to the tables, and is not led astray by tables of its own', async () => {
  await application.query(
    `create role shop login password 'shop'; grant execute on function orrery_create_task to shop`,
  );
  const shop = new Client({ connectionString: url.replace(/\/\/[^@]*@/, '//shop:shop@') });
  await shop.connect();
  try {
    await shop.query('create temp table task (like information_schema.tables); set search_path = pg_temp, public');
    const id = await createBySql({ type: 'bought' }, shop);
    expect(await store.tasks.getTasks([{ namespace, id }])).toMatchObject([{ type: 'bought', status: 'PENDING' }]);
    await expect(shop.query('select from public.task')).rejects.toThrow('permission denied');
    await application.query('revoke execute on function orrery_create_task from shop');
    await expect(createBySql({ type: 'bought' }, shop)).rejects.toThrow('permission denied');
  } finally {
    await shop.end();
  }
});

test('it is told of once it is committed, also after the connection was lost, and no more once nobody listens', async () => {
  let hear: (queues: unknown) => void = () => {};
  const next = () => new Promise((resolve) => (hear = resolve));
  const listening = store.listenForTasks((queues) => hear(queues));
  const listener = async () => {
    const { rows } = await application.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and query like 'listen%' and state = 'idle'`,
    );
    return rows[0]?.pid;
  };
  const untilListening = async (except?: number) => {
    for (;;) {
      const pid = await listener();
      if (pid !== undefined && pid !== except) return pid;
    }
  };
  const pid = await untilListening();
  await application.query('begin');
  await createBySql({ type: 'x', queue: 'a', namespace: 'n' });
  await createBySql({ type: 'x', queue: 'a', namespace: 'n' });
  const heard = next();
  await application.query('commit');
  expect(await heard).toEqual([{ namespace: 'n', queue: 'a' }]);

  await application.query('select pg_terminate_backend($1)', [pid]);
  await untilListening(pid);
  const again = next();
  await createBySql({ type: 'x', queue: 'b' });
  expect(await again).toEqual([{ namespace: 'default', queue: 'b' }]);
  await listening.stop();
  expect(await listener()).toBeUndefined();
});
