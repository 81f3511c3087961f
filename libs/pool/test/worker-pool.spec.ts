import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Duration } from '@orrery/duration';
import { createLocalBus } from '@orrery/events';
import { createLogger, serve } from '@orrery/service';
import { createStandalone } from '@orrery/standalone';
import { openStore } from '@orrery/store';
import { TaskError } from '@orrery/task-error';
import { type EphemeralPostgres, startEphemeralPostgres, startProcess } from '@orrery/testing';
import { openStorage, TaskQueue, WorkerPool } from '../src/index.ts';

const LEGACY = fileURLToPath(new URL('./legacy-pool.ts', import.meta.url));
const DOOMED = fileURLToPath(new URL('./doomed-pool.ts', import.meta.url));

let folder: string;
let postgres: EphemeralPostgres;
let ending: (() => Promise<unknown>)[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-pool-'));
  postgres = await startEphemeralPostgres();
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  ending = [];
});
afterEach(async () => {
  for (const end of ending.reverse()) await end();
});

/** A queue that is closed after the spec. */
function closed(queue: TaskQueue): TaskQueue {
  ending.push(() => queue.close());
  return queue;
}

/** A pool that is stopped after the spec. */
function stopped(pool: WorkerPool): WorkerPool {
  ending.push(() => pool.stop());
  return pool;
}

/** A queue on a server that this process has nothing else to do with. */
async function remoteQueue(): Promise<TaskQueue> {
  const logger = createLogger({ level: 'error', format: 'json' });
  const store = await openStore('memory:');
  const { modules } = createStandalone({
    store,
    bus: createLocalBus({ logger }),
    logger,
    maxPayloadBytes: 1024 * 1024,
  });
  const shutdownGrace = Duration.ofSeconds(2);
  const server = await serve({ modules, host: '127.0.0.1', port: 0, logger, shutdownGrace });
  ending.push(() => server.stop().then(() => store.close()));
  return closed(new TaskQueue({ address: `127.0.0.1:${server.port}` }));
}

let files = 0;
const sqliteUrl = () => `sqlite:${join(folder, `tasks-${++files}.db`)}`;

describe.each<[string, () => Promise<TaskQueue>]>([
  ['in memory', async () => closed(new TaskQueue({ storage: 'memory:' }))],
  ['in a SQLite file', async () => closed(new TaskQueue({ storage: sqliteUrl() }))],
  ['in PostgreSQL', async () => closed(new TaskQueue({ storage: await postgres.createDatabase(), name: 'mail' }))],
  ['on a server', remoteQueue],
])('A pool over a queue %s', (_, open) => {
  it('runs tasks, and says what came of them', async () => {
    const queue = await open();
    const pool = stopped(new WorkerPool({ queue, concurrency: 4 }));
    pool.handle('double', (n: number) => n * 2);
    await pool.start();
    const handles = await Promise.all([1, 2, 3].map((n) => queue.enqueue<number>('double', n)));
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([2, 4, 6]);
    const id = handles[0]?.id ?? '';
    expect(await queue.getResult(id)).toEqual({
      taskId: id,
      status: 'SUCCEEDED',
      result: 2,
      error: null,
      attempts: 1,
      finishedAt: expect.any(Date),
      lastAttemptAt: expect.any(Date),
    });
    expect(await queue.getTask(id)).toMatchObject({ id, queue: queue.name, status: 'SUCCEEDED' });
    expect(await queue.getTask('nowhere')).toBeNull();
    expect(await queue.getResult('nowhere', { wait: true })).toBeNull();
    const listed: string[] = [];
    for await (const task of queue.listTasks()) listed.push(task.id);
    expect(listed.sort()).toEqual(handles.map((handle) => handle.id).sort());
  });

  it('tries again as often as it was told to, and no more', async () => {
    const queue = await open();
    const attempts: number[] = [];
    const pool = stopped(new WorkerPool({ queue }));
    pool.handle('flaky', (_params, { task }) => {
      attempts.push(task.attempt);
      throw new TaskError({ message: 'not today', errorType: 'network' });
    });
    await pool.start();
    const retry = { initialDelay: '20ms', jitter: 0 };
    const { id } = await queue.enqueue('flaky', null, { maxRetries: 2, retry });
    expect(await queue.getResult(id, { wait: true })).toMatchObject({
      status: 'FAILED',
      error: 'not today',
      result: undefined,
      attempts: 3,
    });
    expect(attempts).toEqual([1, 2, 3]);
    await queue.retry(id);
    expect(await queue.getResult(id, { wait: true })).toMatchObject({ attempts: 6 });
  });

  it('stops handlers that take too long or are cancelled', async () => {
    const queue = await open();
    const pool = stopped(new WorkerPool({ queue, concurrency: 2 }));
    const started = Promise.withResolvers<void>();
    pool.handle('forever', async (_params, { signal }) => {
      started.resolve();
      await once(signal, 'abort');
    });
    await pool.start();
    const late = await queue.enqueue('forever', null, { runTimeout: '50ms', retry: 'none' });
    const unwanted = await queue.enqueue('forever');
    await started.promise;
    await queue.cancel(unwanted.id);
    expect(await queue.getResult(late.id, { wait: true })).toMatchObject({ status: 'FAILED' });
    expect((await queue.getTask(late.id))?.error?.errorType).toBe('timeout');
    expect(await queue.getResult(unwanted.id, { wait: true })).toMatchObject({ status: 'CANCELLED' });
  });

  it('runs a task when its time has come', async () => {
    const queue = await open();
    const pool = stopped(new WorkerPool({ queue }));
    pool.handle('later', () => 'done');
    await pool.start();
    const { id } = await queue.enqueue('later', null, { delay: '1h' });
    expect(await queue.getResult(id)).toBeNull();
    await queue.reschedule(id, new Date());
    expect(await queue.getResult(id, { wait: true })).toMatchObject({ result: 'done' });
  });

  it('lets handlers end when it is stopped, and hands back what was not started', async () => {
    const queue = await open();
    const pool = new WorkerPool({ queue, concurrency: 1 });
    const started = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    pool.handle('slow', async () => {
      started.resolve();
      await end.promise;
      return 'ended';
    });
    await pool.start();
    const first = await queue.enqueue('slow');
    await started.promise;
    const second = await queue.enqueue('slow');
    const stopping = pool.stop();
    end.resolve();
    await stopping;
    expect(await queue.getResult(first.id)).toMatchObject({ result: 'ended', attempts: 1 });
    expect(await queue.getTask(second.id)).toMatchObject({ status: 'PENDING', attempt: 0 });
  });
});

describe('a queue in a storage', () => {
  it('keeps its tasks, and what was to be tried again, when it is closed', async () => {
    const storage = sqliteUrl();
    const failing = new TaskQueue({ storage });
    const pool = new WorkerPool({ queue: failing });
    pool.handle('flaky', () => {
      throw new TaskError({ message: 'no', errorType: 'network' });
    });
    await pool.start();
    const { id } = await failing.enqueue('flaky', 7, { retry: { initialDelay: '10ms' } });
    while ((await failing.getTask(id))?.failedAttempts.length === 0);
    await pool.stop();
    await failing.close();

    const queue = closed(new TaskQueue({ storage }));
    const other = stopped(new WorkerPool({ queue }));
    other.handle('flaky', (n: number) => n);
    await other.start();
    const result = await queue.getResult(id, { wait: true });
    expect(result).toMatchObject({ status: 'SUCCEEDED', result: 7 });
    expect(result?.attempts).toBeGreaterThan(1);
  });

  it('loses nothing when its process is killed: what ran is run again, the rest for the first time', async () => {
    const storage = sqliteUrl();
    const doomed = startProcess(DOOMED, {}, [storage]);
    await doomed.line(/all slots taken/);
    await doomed.end('SIGKILL');

    const queue = closed(new TaskQueue({ storage }));
    const pool = stopped(new WorkerPool({ queue, concurrency: 5 })).handle('count', (n: number) => n);
    await pool.start();
    const ids: string[] = [];
    for await (const { id } of queue.listTasks()) ids.push(id);
    const results = await Promise.all(ids.map((id) => queue.getResult<number>(id, { wait: true })));
    expect(results.map((result) => result?.result).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 12 }, (_, i) => i),
    );
    expect(results.filter((result) => result?.attempts === 2)).toHaveLength(5);
  });

  it('has leases extended for as long as a handler runs', async () => {
    const queue = closed(new TaskQueue({ storage: 'memory:' }));
    let runs = 0;
    const pool = stopped(new WorkerPool({ queue, concurrency: 2, leaseDuration: '1s' }));
    pool.handle('long', async () => {
      runs += 1;
      await setTimeout(2_500);
    });
    await pool.start();
    const { id } = await queue.enqueue('long');
    expect(await queue.getResult(id, { wait: true })).toMatchObject({ status: 'SUCCEEDED', attempts: 1 });
    expect(runs).toBe(1);
  });

  it('is looked at every pollInterval for what other processes have put there', async () => {
    const storage = await postgres.createDatabase();
    const queue = closed(new TaskQueue({ storage }));
    const elsewhere = closed(new TaskQueue({ storage }));
    const pool = stopped(new WorkerPool({ queue, pollInterval: '10ms' }));
    const started = new Map<string, number>();
    pool.handle('x', (_, { task }) => void started.set(task.id, performance.now()));
    await pool.start();
    await elsewhere.start();
    const waits: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      const { id } = await elsewhere.enqueue('x');
      const created = performance.now();
      await elsewhere.getResult(id, { wait: true });
      waits.push((started.get(id) ?? Infinity) - created);
    }
    expect(waits.sort((a, b) => a - b)[4]).toBeLessThan(250);
  });

  it('says what is wrong with a storage that cannot be had, and leaves nothing behind', async () => {
    const queue = closed(new TaskQueue({ storage: 'carrier-pigeon:' }));
    await expect(queue.enqueue('x')).rejects.toMatchObject({ name: 'StorageError' });
    await expect(new WorkerPool({ queue }).handle('x', () => 1).start()).rejects.toMatchObject({
      name: 'StorageError',
    });
  });

  it('logs to the logger that it is given', async () => {
    const messages: string[] = [];
    const take = (_fields: object, message: string) => void messages.push(message);
    const logger = { debug: take, info: take, warn: take, error: take };
    const queue = closed(new TaskQueue({ storage: 'memory:', logger }));
    const pool = new WorkerPool({ queue, logger }).handle('x', () => 1);
    await pool.start();
    await (await queue.enqueue('x')).result();
    await pool.stop();
    expect(messages).toEqual(expect.arrayContaining(['listening', 'task started', 'task succeeded']));
  });
});

describe('D4: what a pool is made of', () => {
  const queue = () => closed(new TaskQueue({ storage: 'memory:' }));

  it('is a queue: neither a queue nor a storage is an error, and so are both', async () => {
    const storage = await openStorage('memory:');
    expect(() => new WorkerPool({})).toThrow(new RangeError('a WorkerPool needs a queue: new WorkerPool({ queue })'));
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it is what the spec is of
    expect(() => new WorkerPool({ queue: queue(), storage })).toThrow(/takes a queue or a storage, not both/);
    await storage.close();
  });

  it.each([
    ['queue', 'invalid', 'queue must be a TaskQueue, but is string "invalid"'],
    ['queue', { enqueue: 1 }, 'queue must be a TaskQueue, but is an object of Object'],
    ['queue', null, 'queue must be a TaskQueue, but is null'],
    ['storage', 'invalid', 'storage must be a storage, but is string "invalid"'],
    ['storage', 7, 'storage must be a storage, but is number 7'],
  ])('refuses a %s that is none: %p', (name, value, message) => {
    expect(() => new WorkerPool({ [name]: value })).toThrow(new TypeError(message));
  });

  it('takes a storage as it used to, with a DeprecationWarning, and leaves it open', async () => {
    const legacy = startProcess(LEGACY, {});
    const [warning] = await Promise.all([legacy.line(/Warning/), legacy.line(/^result 1$/)]);
    expect(warning).toBe(
      "DeprecationWarning: Passing 'storage' to WorkerPool is deprecated. Use 'queue' instead: new WorkerPool({ queue: new TaskQueue({ storage }) })",
    );
    expect(await legacy.exit).toBe(0);
  });

  it('refuses numbers that cannot be', () => {
    expect(() => new WorkerPool({ queue: queue(), concurrency: 0 })).toThrow(/concurrency 0 is not a whole number/);
    expect(() => new WorkerPool({ queue: queue(), pollInterval: 0 })).toThrow('pollInterval 0s is not positive');
  });

  it('a queue is on a storage or at an address', async () => {
    expect(() => new TaskQueue({})).toThrow(RangeError);
    expect(() => new TaskQueue({ storage: 'memory:', address: 'x:1' })).toThrow('not both');
    expect(() => new TaskQueue({ storage: {} as never })).toThrow(TypeError);
    for (const options of [
      { maxRetries: -1 },
      { maxRetries: 1, retry: 'fixed' },
      { maxRetries: 1, retry: { maxAttempts: 3 } },
    ] as const)
      await expect(queue().enqueue('x', null, options)).rejects.toThrow(RangeError);
  });
});
