import { refusalFromRpc } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { addTasks, refOf, startScheduler, Status, TestWorker } from './harness.ts';

describe('the Work stream', () => {
  let fixture: Awaited<ReturnType<typeof startScheduler>>;

  beforeEach(async () => {
    fixture = await startScheduler();
  });

  afterEach(() => fixture.stop());

  it('never sends more leases than were granted', async () => {
    await addTasks(fixture.store, 30);
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w1');
    worker.credits(7);
    const first = await worker.next('leases');
    expect(first.leases).toHaveLength(7);
    worker.credits(2);
    const second = await worker.next('leases');
    expect(second.leases).toHaveLength(2);
    worker.end();
    const rest = await worker.received.next();
    expect(rest.done).toBe(true);
    const running = await fixture.store.tasks.listTasks({ namespace: 'default', statuses: ['RUNNING'], limit: 100 });
    expect(running).toHaveLength(9);
  });

  it('takes outcomes of all kinds in one message and answers each', async () => {
    await addTasks(fixture.store, 3);
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w1');
    worker.credits(3);
    const [a, b, c] = (await worker.next('leases')).leases;
    if (!a || !b || !c) throw new Error('three leases expected');
    worker.send({
      $case: 'outcomes',
      value: {
        completions: [{ lease: refOf(a), result: { data: Buffer.from('1'), contentType: '' } }],
        failures: [{ lease: refOf(b), error: undefined }],
        releases: [refOf(c)],
      },
    });
    const { results } = await worker.next('results');
    expect(results.map(({ taskId, status }) => [taskId, status])).toEqual([
      [a.taskId, Status.SUCCEEDED],
      [b.taskId, Status.FAILED],
      [c.taskId, Status.PENDING],
    ]);
    worker.end();
  });

  it('refuses the outcome of a lease that was taken over, and keeps the new one', async () => {
    await addTasks(fixture.store, 1);
    const old = new TestWorker(fixture.dispatch);
    old.hello('old');
    old.credits(1);
    const [stale] = (await old.next('leases')).leases;
    if (!stale) throw new Error('a lease expected');
    fixture.clock.advance(Duration.ofSeconds(31));

    const fresh = new TestWorker(fixture.dispatch);
    fresh.hello('fresh');
    fresh.credits(1);
    const [lease] = (await fresh.next('leases')).leases;
    expect(lease).toMatchObject({ taskId: stale.taskId, attempt: 2 });

    old.send({
      $case: 'outcomes',
      value: { completions: [{ lease: refOf(stale), result: undefined }], failures: [], releases: [] },
    });
    const [result] = (await old.next('results')).results;
    expect(result?.error && refusalFromRpc(result.error)?.reason).toBe('LEASE_LOST');
    const [task] = await fixture.store.tasks.getTasks([{ namespace: 'default', id: stale.taskId }]);
    expect(task).toMatchObject({ status: 'RUNNING', workerId: 'fresh' });
    old.end();
    fresh.end();
  });

  it('tells the worker to stop a task that was cancelled', async () => {
    const [id = ''] = await addTasks(fixture.store, 1);
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w1');
    worker.credits(1);
    const [lease] = (await worker.next('leases')).leases;
    await fixture.store.tasks.cancelTask({ namespace: 'default', id });
    await fixture.wake({ cancels: [{ namespace: 'default', taskId: id }] });
    const cancels = await worker.next('cancels');
    expect(cancels.leases).toEqual([{ taskId: id, leaseToken: lease?.leaseToken }]);
    worker.end();
  });

  it('extends leases and says which are to be cancelled and which are lost', async () => {
    const [a = '', b = ''] = await addTasks(fixture.store, 2);
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w1');
    worker.credits(2);
    const { leases } = await worker.next('leases');
    await fixture.store.tasks.cancelTask({ namespace: 'default', id: b });
    fixture.clock.advance(Duration.ofSeconds(10));
    const stranger = { taskId: a, leaseToken: '00000000-0000-4000-8000-000000000000' };
    worker.send({
      $case: 'extend',
      value: { namespace: '', leases: [...leases.map(refOf), stranger], leaseDuration: undefined },
    });
    const { extensions } = await worker.next('extended');
    const expected = Duration.ofSeconds(30).addTo(fixture.clock.now());
    expect(extensions.map(({ taskId, cancelRequested }) => [taskId, cancelRequested])).toEqual([
      ...leases.map(({ taskId }) => [taskId, taskId === b]),
      [a, false],
    ]);
    expect(extensions[0]?.expireTime).toEqual(expected);
    expect(extensions[2]?.error && refusalFromRpc(extensions[2].error)?.reason).toBe('LEASE_LOST');
    worker.end();
  });

  it('wants a hello first, and only one', async () => {
    const impatient = new TestWorker(fixture.dispatch);
    impatient.credits(1);
    await expect(impatient.received.next()).rejects.toThrow(/must be a hello/);
    const chatty = new TestWorker(fixture.dispatch);
    chatty.hello('w1');
    chatty.hello('w1');
    await expect(chatty.next('leases')).rejects.toThrow(/takes one hello/);
  });

  it('refuses a hello that is wrong, naming every field', async () => {
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('not a name!');
    await expect(worker.received.next()).rejects.toThrow(/hello\.options\.worker_id/);
  });

  it('drains: sends no more leases, still takes outcomes, and ends in time', async () => {
    await addTasks(fixture.store, 1);
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w1');
    worker.credits(5);
    const [lease] = (await worker.next('leases')).leases;
    if (!lease) throw new Error('a lease expected');
    const stopped = fixture.stopServer();
    await worker.next('drain');
    worker.send({
      $case: 'outcomes',
      value: { completions: [{ lease: refOf(lease), result: undefined }], failures: [], releases: [] },
    });
    const { results } = await worker.next('results');
    expect(results[0]?.status).toBe(Status.SUCCEEDED);
    worker.end();
    await stopped;
  });
});
