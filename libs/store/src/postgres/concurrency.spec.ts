import { EXPONENTIAL, newTaskId, subjectOf, type NewTask, type Store, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { startEphemeralPostgres, type EphemeralPostgres } from '@orrery/testing';
import { Client } from 'pg';
import { openPostgresStore } from './open-postgres-store.ts';

const namespace = 'default';

let server: EphemeralPostgres;
let url: string;
let store: Store;
let other: Client;

beforeAll(async () => {
  server = await startEphemeralPostgres();
});
afterAll(() => server.stop());

beforeEach(async () => {
  url = await server.createDatabase();
  store = await openPostgresStore({ url });
  await store.migrate();
  other = new Client({ connectionString: url });
  await other.connect();
});
afterEach(async () => {
  await other.end();
  await store.close();
});

function newTask(id?: string): NewTask {
  return {
    spec: {
      namespace,
      id: id ?? newTaskId(),
      queue: 'default',
      type: 'greet',
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
    idIsCallers: id !== undefined,
  };
}

function create(...tasks: readonly NewTask[]) {
  return store.tasks.createTasks({ namespace, tasks, request: null });
}

function claim(slots: number): Promise<readonly Task[]> {
  return store.tasks.claimTasks({
    namespace,
    queues: ['default'],
    types: [],
    strategy: 'FIFO',
    slots: Array.from({ length: slots }, () => 'worker'),
    leaseDuration: Duration.ofSeconds(30),
  });
}

function leaseOf(task: Task) {
  return { taskId: task.id, token: task.leaseToken ?? '' };
}

/** Resolves once so many statements of this database wait for a lock. */
async function untilWaiting(count: number): Promise<void> {
  const probe = new Client({ connectionString: url });
  await probe.connect();
  try {
    for (;;) {
      const { rows } = await probe.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if ((rows[0]?.count ?? 0) >= count) return;
    }
  } finally {
    await probe.end();
  }
}

test('the ids of events follow the order of the changes, not of the calls', async () => {
  await create(newTask('a'));
  const [task] = await claim(1);
  if (!task) throw new Error('nothing was claimed');
  // Holds the row, so that the completion has to wait while another call is made and done.
  await other.query('begin');
  await other.query(`select from task where id = 'a' for update`);
  const completed = store.tasks.completeTasks(namespace, [{ lease: leaseOf(task), result: null }]);
  await untilWaiting(1);
  await create(newTask('b'));
  await other.query('commit');
  expect((await completed)[0]).toMatchObject({ status: 'SUCCEEDED' });
  await store.events.sequence(10);
  const batches = await store.events.read(0n, 10);
  expect(batches.flatMap((batch) => batch.events.map((event) => `${event.kind} ${subjectOf(event)}`))).toEqual([
    'created a',
    'started a',
    'created b',
    'succeeded a',
  ]);
});

test('a lease that is extended while its task is completed or failed is no obstacle', async () => {
  await create(newTask('a'), newTask('b'));
  const [a, b] = await claim(2);
  if (!a || !b) throw new Error('too little was claimed');
  await other.query('begin');
  await other.query(`update task set lease_expires_at = lease_expires_at + interval '1 minute'`);
  const outcomes = Promise.all([
    store.tasks.completeTasks(namespace, [{ lease: leaseOf(a), result: null }]),
    store.tasks.releaseTasks(namespace, [leaseOf(b)]),
  ]);
  await untilWaiting(2);
  await other.query('commit');
  expect((await outcomes).flat().map((outcome) => outcome.status)).toEqual(['SUCCEEDED', 'PENDING']);
});

test('the id of a task that ends at this moment is taken', async () => {
  await create(newTask('a'));
  await other.query('begin');
  await other.query(`
    with ended as (delete from task where id = 'a' returning *)
    insert into finished_task (namespace, id, queue, type, params, params_type, priority, correlation_id, traceparent,
      parent_task_id, status, run_at, attempt, max_attempts, worker_id, created_at, updated_at, finished_at, revision)
    select namespace, id, queue, type, params, params_type, priority, correlation_id, traceparent, parent_task_id,
      'CANCELLED', run_at, attempt, max_attempts, worker_id, created_at, updated_at, now(), revision from ended`);
  const again = create(newTask('a'));
  await Promise.all([
    untilWaiting(1).then(() => other.query('commit')),
    expect(again).rejects.toMatchObject({ reason: 'TASK_ALREADY_EXISTS' }),
  ]);
  expect(await store.tasks.getTasks([{ namespace, id: 'a' }])).toMatchObject([{ status: 'CANCELLED' }]);
});

test('batches that name the same tasks in opposite orders do not stop each other', async () => {
  const ids = Array.from({ length: 200 }, (_, index) => `task-${index}`);
  await create(...ids.map((id) => newTask(id)));
  const leases = (await claim(ids.length)).map(leaseOf);
  const extend = (order: typeof leases) => store.tasks.extendLeases(namespace, order, Duration.ofSeconds(60));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, round) => extend(round % 2 === 0 ? leases : leases.toReversed())),
  );
  expect(answers.flat().every((answer) => answer.refusal === null)).toBe(true);
});
