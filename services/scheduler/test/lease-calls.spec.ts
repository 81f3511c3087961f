import { errorv1, refusalFromRpc } from '@orrery/contracts';
import { EXPONENTIAL, NO_RETRY } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { addTasks, claimOptions, refOf, startScheduler, Status } from './harness.ts';

const TIMEOUT = { ...errorv1.TaskError.decode(new Uint8Array()), errorType: 'timeout', message: 'too slow' };

describe('the unary calls of workers', () => {
  let fixture: Awaited<ReturnType<typeof startScheduler>>;

  beforeEach(async () => {
    fixture = await startScheduler();
  });

  afterEach(() => fixture.stop());

  async function claim(count: number, workerId = 'w1') {
    const request = { options: claimOptions(workerId), maxTasks: count, waitTimeout: undefined };
    return (await fixture.dispatch.claimTasks(request)).leases;
  }

  it('claims at once what is there, and waits for what is not', async () => {
    expect(await claim(5)).toEqual([]);
    const waiting = fixture.dispatch.claimTasks({
      options: claimOptions('w1'),
      maxTasks: 5,
      waitTimeout: { seconds: 20n, nanos: 0 },
    });
    await addTasks(fixture.store, 2);
    await fixture.wake({ queues: [{ namespace: 'default', queue: 'default' }] });
    expect((await waiting).leases).toHaveLength(2);
  });

  it('stops waiting when the caller hangs up, and leases nothing to it', async () => {
    const caller = new AbortController();
    const waiting = fixture.dispatch.claimTasks(
      { options: claimOptions('gone'), maxTasks: 5, waitTimeout: { seconds: 20n, nanos: 0 } },
      { signal: caller.signal },
    );
    caller.abort();
    await expect(waiting).rejects.toThrow();
    await addTasks(fixture.store, 1);
    await fixture.wake({ queues: [{ namespace: 'default', queue: 'default' }] });
    const leases = await claim(1, 'there');
    expect(leases[0]?.attempt).toBe(1);
  });

  it('retries what is retryable after the delay of the policy, and not a millisecond earlier', async () => {
    const [id = ''] = await addTasks(fixture.store, 1, { retryPolicy: { ...EXPONENTIAL, jitter: 0 } });
    const [lease] = await claim(1);
    if (!lease) throw new Error('a lease expected');
    const { results } = await fixture.dispatch.failTasks({
      namespace: '',
      failures: [{ lease: refOf(lease), error: TIMEOUT }],
    });
    expect(results[0]?.status).toBe(Status.PENDING);
    fixture.clock.advance(Duration.ofMillis(999));
    expect((await fixture.store.tasks.promoteDueTasks(10)).count).toBe(0);
    fixture.clock.advance(Duration.ofMillis(1));
    await fixture.store.tasks.promoteDueTasks(10);
    const [again] = await claim(1);
    expect(again).toMatchObject({ taskId: id, attempt: 2 });
  });

  it('waits as long as the error says, if it says so', async () => {
    const [id = ''] = await addTasks(fixture.store, 1);
    const [lease] = await claim(1);
    if (!lease) throw new Error('a lease expected');
    const error = { ...TIMEOUT, retryAfter: { seconds: 90n, nanos: 0 } };
    await fixture.dispatch.failTasks({ namespace: '', failures: [{ lease: refOf(lease), error }] });
    const [task] = await fixture.store.tasks.getTasks([{ namespace: 'default', id }]);
    expect(task?.runAt).toEqual(Duration.ofSeconds(90).addTo(fixture.clock.now()));
  });

  it('ends what is not retryable, or has no attempt left', async () => {
    const [permanent = ''] = await addTasks(fixture.store, 1);
    const [last = ''] = await addTasks(fixture.store, 1, { retryPolicy: NO_RETRY });
    const leases = await claim(2);
    const failures = leases.map((lease) => ({
      lease: refOf(lease),
      error: lease.taskId === permanent ? { ...TIMEOUT, errorType: 'validation' } : TIMEOUT,
    }));
    const { results } = await fixture.dispatch.failTasks({ namespace: '', failures });
    expect(results.map(({ status }) => status)).toEqual([Status.FAILED, Status.FAILED]);
    const tasks = await fixture.store.tasks.getTasks([permanent, last].map((id) => ({ namespace: 'default', id })));
    expect(tasks.map((task) => task.failedAttempts.length)).toEqual([1, 1]);
  });

  it('refuses a result that is too large for itself alone, and the lease stays held', async () => {
    await addTasks(fixture.store, 2);
    const [big, small] = await claim(2);
    if (!big || !small) throw new Error('two leases expected');
    const result = { data: Buffer.alloc(1024 * 1024 + 1), contentType: '' };
    const { results } = await fixture.dispatch.completeTasks({
      namespace: '',
      completions: [
        { lease: refOf(big), result },
        { lease: refOf(small), result: undefined },
      ],
    });
    expect(results[0]?.error && refusalFromRpc(results[0].error)?.reason).toBe('PAYLOAD_TOO_LARGE');
    expect(results[1]?.status).toBe(Status.SUCCEEDED);
    const again = await fixture.dispatch.completeTasks({
      namespace: '',
      completions: [{ lease: refOf(big), result: undefined }],
    });
    expect(again.results[0]?.status).toBe(Status.SUCCEEDED);
  });

  it('takes tokens and ids that can be nobody’s for lost leases', async () => {
    const odd = [
      { taskId: 'a', leaseToken: 'not a token' },
      { taskId: '\0', leaseToken: '00000000-0000-4000-8000-000000000000' },
      { taskId: '', leaseToken: '' },
    ];
    const { results } = await fixture.dispatch.releaseTasks({ namespace: '', leases: odd });
    expect(results.map(({ error }) => error && refusalFromRpc(error)?.reason)).toEqual(Array(3).fill('LEASE_LOST'));
  });

  it('keeps one reply below 4 MiB and hands back what does not fit, without using up an attempt', async () => {
    await addTasks(fixture.store, 6, { params: Buffer.alloc(900 * 1024) });
    const first = await claim(6);
    expect(first).toHaveLength(3);
    const second = await claim(6);
    expect(second.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
  });

  it('takes back what a worker holds that fell silent, and ends what has no attempt left', async () => {
    await addTasks(fixture.store, 1);
    const [doomed = ''] = await addTasks(fixture.store, 1, { retryPolicy: NO_RETRY });
    await claim(2, 'silent');
    fixture.clock.advance(Duration.ofSeconds(31));
    const [lease] = (
      await fixture.dispatch.claimTasks({
        options: claimOptions('alive'),
        maxTasks: 2,
        waitTimeout: { seconds: 20n, nanos: 0 },
      })
    ).leases;
    expect(lease).toMatchObject({ attempt: 2 });
    const [dead] = await fixture.store.tasks.getTasks([{ namespace: 'default', id: doomed }]);
    expect(dead).toMatchObject({ status: 'FAILED', error: { exceptionType: 'LeaseExpired' } });
  });

  it('reclaims a lost worker’s tasks at once, but for leases it extended after its last heartbeat', async () => {
    await addTasks(fixture.store, 2);
    const [quiet, extended] = await claim(2, 'lost');
    if (!quiet || !extended) throw new Error('two leases expected');
    const heartbeat = fixture.clock.now();
    fixture.clock.advance(Duration.ofSeconds(5));
    const leaseDuration = { seconds: 600n, nanos: 0 };
    await fixture.dispatch.extendLeases({ namespace: '', leases: [refOf(extended)], leaseDuration });
    const request = { namespace: '', workerId: 'lost', lastHeartbeatTime: heartbeat };
    expect(await fixture.control.reclaimWorker(request)).toEqual({ taskCount: 1 });
    const [again] = await claim(1, 'next');
    expect(again?.taskId).toBe(quiet.taskId);
  });
});
