import { EXPONENTIAL, newTaskId, type NewTask, type Store, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type EphemeralPostgres, FakeClock, startEphemeralPostgres } from '@orrery/testing';
import { Client } from 'pg';
import { ClaimFloor, ClaimFloors } from './claim-floors.ts';
import { openPostgresStore } from './open-postgres-store.ts';

describe('the floor of a kind of claims', () => {
  let floor: ClaimFloor;

  beforeEach(() => {
    floor = new ClaimFloor();
  });

  /** A claim at a time, which took a while; returns where it began. */
  const claim = (at: number, oldest: number | null, took = 1): number | null => {
    const begun = floor.begin(at);
    floor.end(begun, oldest, { startedAt: at, endedAt: at + took });
    return begun.from;
  };

  it('is a second before the oldest that the last claim took', () => {
    expect(claim(0, 50_000)).toBeNull();
    expect(claim(10, 60_000)).toBe(49_000);
    expect(claim(20, null)).toBe(59_000);
    expect(claim(30, 61_000)).toBe(59_000);
  });

  it('is passed once a second', () => {
    claim(0, 50_000);
    expect(claim(999, 50_000)).toBe(49_000);
    expect(claim(1_000, 50_000)).toBeNull();
    expect(claim(1_001, 50_000)).toBe(49_000);
  });

  it('is passed less often where that takes long', () => {
    claim(0, 50_000, 200);
    expect(claim(3_999, 50_000)).toBe(49_000);
    expect(claim(4_000, 50_000)).toBeNull();
  });

  it('is passed after a claim that found nothing, unless that was just done', () => {
    claim(0, 50_000);
    expect(floor.looksAgain(floor.begin(50), 50)).toBe(false);
    expect(floor.looksAgain(floor.begin(100), 100)).toBe(true);
    expect(floor.begin(100, true).from).toBeNull();
    // One that looked at everything has seen that there is nothing.
    expect(floor.looksAgain(floor.begin(1_000), 1_000)).toBe(false);
  });

  it('is gone when something older may have become ready, also for what a claim learns that was under way', () => {
    claim(0, 50_000);
    const begun = floor.begin(10);
    floor.reset();
    floor.end(begun, 60_000, { startedAt: 10, endedAt: 11 });
    expect(claim(12, 60_000)).toBeNull();
    expect(claim(13, null)).toBe(59_000);
  });

  it('is remembered for the thousand kinds that were used last', () => {
    const floors = new ClaimFloors();
    const first = floors.of('0');
    for (let kind = 1; kind < 1_000; kind += 1) floors.of(String(kind));
    expect(floors.of('0')).toBe(first);
    floors.of('one more');
    expect(floors.of('0')).toBe(first);
    for (let kind = 0; kind < 1_000; kind += 1) floors.of(`another ${kind}`);
    expect(floors.of('0')).not.toBe(first);
  });
});

describe('claims on PostgreSQL', () => {
  let server: EphemeralPostgres;
  let store: Store;
  let clock: FakeClock;
  let url: string;
  let sql: Client;

  beforeAll(async () => {
    server = await startEphemeralPostgres();
  });

  afterAll(() => server.stop());

  beforeEach(async () => {
    clock = new FakeClock();
    url = await server.createDatabase();
    // One connection, as each tells of what it has read on its own.
    store = await openPostgresStore({ url, clock, poolSize: 1 });
    await store.migrate();
    sql = new Client({ connectionString: url });
    await sql.connect();
  });

  afterEach(async () => {
    await sql.end();
    await store.close();
  });

  const add = async (count: number) => {
    const tasks = Array.from({ length: count }, newTask);
    return (await store.tasks.createTasks({ namespace: 'default', tasks, request: null })).map(({ id }) => id);
  };
  const claim = (count: number): Promise<readonly Task[]> =>
    store.tasks.claimTasks({
      namespace: 'default',
      queues: ['default'],
      types: [],
      strategy: 'PRIORITY',
      slots: new Array<string>(count).fill('worker'),
      leaseDuration: Duration.ofSeconds(30),
    });
  const complete = (tasks: readonly Task[]) =>
    store.tasks.completeTasks(
      'default',
      tasks.map(({ id, leaseToken }) => ({ lease: { taskId: id, token: leaseToken ?? '' }, result: null })),
    );

  it('do not read what was claimed before, although dead rows cannot be removed', async () => {
    /** What claims have read so far; each of these is preceded by one that looks at everything. */
    const read = async () => {
      // A connection tells of it at the end of a transaction, at most once a second.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await claim(1);
      const { rows } = await sql.query<{ read: string }>(
        `select idx_tup_read as read from pg_stat_user_indexes where indexrelname = 'task_ready'`,
      );
      return Number(rows[0]?.read);
    };
    const holder = new Client({ connectionString: url });
    await holder.connect();
    try {
      await holder.query('begin isolation level repeatable read; select pg_current_xact_id()');
      const rounds = 20;
      for (let round = 0; round < rounds; round += 1) {
        await add(500);
        await complete(await claim(500));
        clock.advance(Duration.ofSeconds(5));
      }
      const before = await read();
      for (let n = 0; n < 5; n += 1) {
        await add(1);
        expect(await claim(1)).toHaveLength(1);
      }
      expect((await read()) - before).toBeLessThan(2 * 500 * rounds);
    } finally {
      await holder.end();
    }
  });

  it('find at once what has become ready again, however old it is', async () => {
    const [old = ''] = await add(1);
    const [held] = await claim(1);
    clock.advance(Duration.ofSeconds(60));
    await add(2);
    expect(await claim(1)).toHaveLength(1);
    await store.tasks.releaseTasks('default', [{ taskId: old, token: held?.leaseToken ?? '' }]);
    expect((await claim(1)).map(({ id }) => id)).toEqual([old]);
  });

  it('find what another process has made ready again', async () => {
    const [old = ''] = await add(1);
    const [held] = await claim(1);
    clock.advance(Duration.ofSeconds(60));
    await add(1);
    expect(await claim(1)).toHaveLength(1);
    await sql.query(`update task set status = 'PENDING', ready = true, lease_token = null, worker_id = '',
      lease_expires_at = null where id = '${held?.id ?? ''}'`);
    // How soon depends on how long claims take on this machine.
    let found: readonly Task[] = [];
    while (found.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      found = await claim(1);
    }
    expect(found.map(({ id }) => id)).toEqual([old]);
  });
});

function newTask(): NewTask {
  const spec = {
    namespace: 'default',
    id: newTaskId(),
    queue: 'default',
    type: 'test.work',
    params: { data: Buffer.from('{}'), contentType: 'application/json' },
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
  };
  return { spec, due: null, idIsCallers: false };
}
