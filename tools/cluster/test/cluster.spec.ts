import { existsSync } from 'node:fs';
import { createClient } from '@orrery/client';
import { assessmentv1 } from '@orrery/contracts';
import { createWorker } from '@orrery/worker';
import { createChannel, createClient as createStub } from 'nice-grpc';
import { type Cluster, startCluster } from '../src/index.ts';

const TASKS = 500;
const ENDED = 'orrery.task.v1.succeeded';

describe('a cluster on this machine', () => {
  let cluster: Cluster;
  const startedAt = new Date();

  beforeAll(async () => {
    cluster = await startCluster();
  }, 120_000);

  afterAll(() => cluster.stop(), 60_000);

  it('runs tasks of several clients through all of its services, and keeps a record of every event', async () => {
    const { taskApi, scheduler, workerRegistry, assessmentLogger } = cluster.addresses;
    const address = taskApi.join(',');
    const clients = ['ada', 'grace'].map((correlationId) =>
      createClient({ address, origin: () => ({ correlationId }) }),
    );
    // Each is served by one scheduler alone, so that both must take part.
    const pinned = scheduler.map((each, index) =>
      createWorker({
        address: each,
        registry: workerRegistry,
        id: `pinned-${index + 1}`,
        queues: [`queue-${index + 1}`],
      }).handle('echo', (params) => params),
    );
    await Promise.all(pinned.map((worker) => worker.start()));

    const queues = ['default', 'queue-1', 'default', 'queue-2', 'default'];
    const handles = await Promise.all(
      Array.from({ length: TASKS }, (_, i) =>
        clients[i % 2]!.tasks.create('echo', { i }, { queue: queues[i % 5] ?? 'default' }),
      ),
    );
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results).toEqual(Array.from({ length: TASKS }, (_, i) => ({ i })));

    const channel = createChannel(assessmentLogger[0]!);
    const trail = recordsOf(createStub(assessmentv1.AuditServiceDefinition, channel));
    const records = await trail.whenComplete({ timeFrom: startedAt }, TASKS);

    // Every event of every task, once: its changes are counted without a gap, from its creation to its end.
    const byTask = Map.groupBy(
      records.filter(({ event }) => event?.data?.$case === 'task'),
      ({ event }) => event!.subject,
    );
    expect(byTask.size).toBe(TASKS);
    for (const { id } of handles) {
      const own = byTask.get(id) ?? [];
      expect(own.map(({ event }) => Number(event!.sequence))).toEqual(own.map((_, index) => index + 1));
      expect(own.at(0)?.event?.type).toBe('orrery.task.v1.created');
      expect(own.at(-1)?.event?.type).toBe(ENDED);
      expect(Number((await handles.find((handle) => handle.id === id)!.get()).revision)).toBe(own.length);
    }
    const workers = new Set(
      records.map(({ event }) => (event?.data?.$case === 'task' ? event.data.value.workerId : '')),
    );
    expect([...workers]).toEqual(expect.arrayContaining(['pinned-1', 'pinned-2']));
    expect(workers.has('worker-1') || workers.has('worker-2')).toBe(true);

    const [first] = handles;
    const ofFirst = await trail.all({ subject: first!.id });
    expect(ofFirst).toEqual(byTask.get(first!.id));
    const ofGrace = await trail.all({ correlationId: 'grace', types: ['orrery.task.v1.created'] });
    expect(new Set(ofGrace.map(({ event }) => event!.subject))).toEqual(
      new Set(handles.filter((_, i) => i % 2 === 1).map(({ id }) => id)),
    );
    const beforeAll = await trail.all({ timeBefore: startedAt, types: ['orrery.task.v1.*'] });
    expect(beforeAll).toEqual([]);
    const registered = await trail.all({ types: ['orrery.worker.v1.started'] });
    expect(registered.map(({ event }) => event!.subject).sort()).toEqual([
      'pinned-1',
      'pinned-2',
      'worker-1',
      'worker-2',
    ]);

    channel.close();
    await Promise.all(pinned.map((worker) => worker.stop()));
    await Promise.all(clients.map((client) => client.close()));
  }, 60_000);

  it('spreads the calls of one client over both task-apis', async () => {
    const client = createClient({ address: cluster.addresses.taskApi });
    const other = createClient({ address: cluster.addresses.taskApi[1]! });
    const { id } = await client.tasks.create('echo', 1);
    // Both are connected once both have been called.
    await Promise.all(Array.from({ length: 10 }, () => client.tasks.get(id)));
    cluster.process('task-api-1').pause();
    let answered = 0;
    const calls = Array.from({ length: 10 }, () => client.tasks.get(id).then(() => (answered += 1)));
    while (answered < 5) await other.tasks.get(id);
    await other.tasks.get(id);
    expect(answered).toBe(5);
    cluster.process('task-api-1').resume();
    await Promise.all(calls);
    await client.close();
    await other.close();
  }, 30_000);

  it('starts a process that was killed again, and serves meanwhile', async () => {
    const client = createClient({ address: cluster.addresses.taskApi });
    const doomed = cluster.process('scheduler-1');
    const before = doomed.pid;
    await doomed.kill();
    const meanwhile = await client.tasks.create('fail-once', 'x', { retry: { initialDelay: '0.1s' } });
    expect(await meanwhile.result()).toEqual({ params: 'x', attempt: 2 });
    await doomed.ready();
    expect(doomed.restarts).toBe(1);
    expect(doomed.pid).not.toBe(before);
    await client.close();
  }, 60_000);

  it('stops everything, and leaves nothing behind', async () => {
    const pids = [...cluster.processes.values()].map(({ pid }) => pid);
    expect(pids).toHaveLength(10);
    expect(pids).not.toContain(null);
    await cluster.stop();
    expect(pids.filter((pid) => isAlive(pid!))).toEqual([]);
    expect(existsSync(cluster.dataDir)).toBe(false);
  }, 60_000);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

type Query = Partial<assessmentv1.ListAuditRecordsRequest>;

/** Reads the audit trail, page by page. */
function recordsOf(stub: assessmentv1.AuditServiceClient) {
  const all = async (query: Query): Promise<assessmentv1.AuditRecord[]> => {
    const empty = assessmentv1.ListAuditRecordsRequest.decode(new Uint8Array());
    const found: assessmentv1.AuditRecord[] = [];
    let pageToken = '';
    do {
      const page = await stub.listAuditRecords({ ...empty, ...query, pageSize: 300, pageToken });
      found.push(...page.records);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return found;
  };
  return {
    all,
    /** Everything, as soon as so many tasks are on record as ended. */
    async whenComplete(query: Query, tasks: number) {
      while ((await all({ ...query, types: [ENDED] })).length < tasks);
      return all(query);
    },
  };
}
