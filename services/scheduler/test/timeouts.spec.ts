import { type dispatchv1, refusalFromRpc, type rpc } from '@orrery/contracts';
import { EXPONENTIAL, NO_RETRY } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { addTasks, claimOptions, refOf, startScheduler, TestWorker } from './harness.ts';

const refusalIn = (error: rpc.Status | undefined) => (error ? refusalFromRpc(error) : null);

const TEN = Duration.ofSeconds(10);

describe('a worker with raw stubs that does not keep time', () => {
  let fixture: Awaited<ReturnType<typeof startScheduler>>;

  beforeEach(async () => {
    fixture = await startScheduler();
  });

  afterEach(() => fixture.stop());

  async function claimOne(): Promise<dispatchv1.Lease> {
    const request = { options: claimOptions('w1'), maxTasks: 1, waitTimeout: undefined };
    const [lease] = (await fixture.dispatch.claimTasks(request)).leases;
    if (!lease) throw new Error('a lease expected');
    return lease;
  }
  const extend = async (lease: dispatchv1.Lease) => {
    const request = { namespace: '', leases: [refOf(lease)], leaseDuration: undefined };
    return (await fixture.dispatch.extendLeases(request)).extensions[0];
  };
  const report = async (lease: dispatchv1.Lease, percent?: number, message = '') => {
    const reports = [{ lease: refOf(lease), percent, message }];
    return (await fixture.dispatch.reportProgress({ namespace: '', reports, leaseDuration: undefined })).extensions[0];
  };
  const get = async (id: string) => {
    const [task] = await fixture.store.tasks.getTasks([{ namespace: 'default', id }]);
    if (!task) throw new Error('a task expected');
    return task;
  };

  it('A7: loses its lease with the next extension once the run timeout is over, and the retry policy decides', async () => {
    const retryPolicy = { ...EXPONENTIAL, jitter: 0, maxAttempts: 2 };
    const [id = ''] = await addTasks(fixture.store, 1, { runTimeout: TEN, retryPolicy });
    const lease = await claimOne();
    fixture.clock.advance(TEN);
    expect((await extend(lease))?.error).toBeUndefined();
    fixture.clock.advance(Duration.ofSeconds(5));
    const refused = await extend(lease);
    expect(refusalIn(refused?.error)?.reason).toBe('LEASE_LOST');
    const task = await get(id);
    expect(task).toMatchObject({ status: 'PENDING', attempt: 1, error: { errorType: 'timeout', isRetryable: true } });
    expect(task.runAt.getTime() - fixture.clock.now().getTime()).toBe(1_000);
    const { results } = await fixture.dispatch.completeTasks({
      namespace: '',
      completions: [{ lease: refOf(lease), result: undefined }],
    });
    expect(refusalIn(results[0]?.error)?.reason).toBe('LEASE_LOST');
  });

  it('A7: fails its attempt when it reports nothing within the heartbeat timeout, whatever it extends', async () => {
    const [id = ''] = await addTasks(fixture.store, 1, { heartbeatTimeout: TEN, retryPolicy: NO_RETRY });
    const lease = await claimOne();
    fixture.clock.advance(Duration.ofSeconds(9));
    expect((await report(lease))?.error).toBeUndefined();
    fixture.clock.advance(Duration.ofSeconds(14));
    expect((await extend(lease))?.error).toBeUndefined();
    fixture.clock.advance(Duration.ofSeconds(1));
    expect(refusalIn((await extend(lease))?.error)?.reason).toBe('LEASE_LOST');
    const { status, error } = await get(id);
    expect([status, error?.errorType, error?.exceptionType]).toEqual(['FAILED', 'timeout', 'HeartbeatTimeout']);
  });

  it('A7, A8: tells how far it is, which extends the lease; over the stream too', async () => {
    const [first = '', second = ''] = await addTasks(fixture.store, 2);
    const lease = await claimOne();
    fixture.clock.advance(Duration.ofSeconds(20));
    const extension = await report(lease, 40, 'page 4 of 10');
    expect(extension?.expireTime).toEqual(Duration.ofSeconds(30).addTo(fixture.clock.now()));
    expect((await get(first)).progress).toEqual({ percent: 40, message: 'page 4 of 10' });
    const worker = new TestWorker(fixture.dispatch);
    worker.hello('w2');
    worker.credits(1);
    const [other] = (await worker.next('leases')).leases;
    if (!other) throw new Error('a lease expected');
    const reports = [{ lease: refOf(other), percent: undefined, message: 'on it' }];
    worker.send({ $case: 'progress', value: { namespace: 'ignored', reports, leaseDuration: undefined } });
    expect((await worker.next('progressed')).extensions[0]?.error).toBeUndefined();
    expect((await get(second)).progress).toEqual({ percent: null, message: 'on it' });
    worker.end();
  });

  const bad: readonly (readonly [what: string, field: string, percent: number | undefined, message: string])[] = [
    ['more than 100 %', 'percent', 101, ''],
    ['a message that is too long', 'message', 1, 'x'.repeat(1_001)],
    ['a message with NUL', 'message', undefined, 'a\0b'],
  ];
  it.each(bad)('refuses %s, and changes nothing', async (_, field, percent, message) => {
    const [id = ''] = await addTasks(fixture.store, 1);
    const lease = await claimOne();
    const refusal = refusalIn((await report(lease, percent, message))?.error);
    expect(refusal?.reason).toBe('INVALID_FIELD');
    expect(refusal?.violations.map((violation) => violation.field)).toEqual([field]);
    expect((await get(id)).revision).toBe(2);
  });

  it('refuses more than 1,000 reports, and a lease that cannot be', async () => {
    await addTasks(fixture.store, 1);
    const lease = await claimOne();
    const one = { lease: refOf(lease), percent: 1, message: '' };
    const many = { namespace: '', reports: new Array<typeof one>(1_001).fill(one), leaseDuration: undefined };
    await expect(fixture.dispatch.reportProgress(many)).rejects.toThrow('INVALID_ARGUMENT');
    const long = { namespace: '', reports: [one], leaseDuration: { seconds: 4_000n, nanos: 0 } };
    await expect(fixture.dispatch.reportProgress(long)).rejects.toThrow('INVALID_ARGUMENT');
    const nobody = { lease: undefined, percent: 1, message: '' };
    const { extensions } = await fixture.dispatch.reportProgress({
      namespace: '',
      reports: [nobody],
      leaseDuration: undefined,
    });
    expect(refusalIn(extensions[0]?.error)?.reason).toBe('LEASE_LOST');
  });
});
