import type { dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { currentTask } from '@orrery/rpc';
import { TaskError } from '@orrery/task-error';
import { gate, useBench } from './bench.ts';
import type { TestStream } from './test-stream.ts';

const bench = useBench();

/** Resolves once the worker has taken in everything that was sent to it before. */
async function pinged(stream: TestStream): Promise<void> {
  // A lease that cannot be read is answered at once.
  stream.lease({ taskId: 'ping', expireTime: undefined });
  stream.acknowledge(await stream.next('outcomes'));
}

const decode = (data: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(data)) as unknown;

describe('a worker', () => {
  it('says hello, grants its slots and as many ahead, runs a task and returns the result', async () => {
    const stream = await bench.connected(
      bench.worker({ concurrency: 2, queues: ['a', 'b'] }).handle('echo', (params) => ({ got: params })),
    );
    expect(stream.hello.options).toMatchObject({
      workerId: 'w1',
      queues: ['a', 'b'],
      types: ['echo'],
      namespace: 'default',
    });
    expect(stream.credits).toBe(4);
    stream.lease({ taskId: 't1' });
    const { completions } = await stream.next('outcomes');
    expect(completions[0]?.lease).toEqual({ taskId: 't1', leaseToken: 't1/token' });
    expect(decode(completions[0]?.result?.data)).toEqual({ got: { task: 't1' } });
    expect((await stream.next('credits')).add).toBe(1);
  });

  it('never runs more than its concurrency, and starts what was claimed ahead when a slot is free', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker({ concurrency: 2 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' }, { taskId: 't3' }, { taskId: 't4' });
    await held.until(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(held.started).toHaveLength(2);
    held.started[0]?.finish('done');
    const third = await held.until(3);
    expect(third.context.task.id).toBe('t3');
    expect(held.started).toHaveLength(3);
  });

  it('sends the outcomes of handlers that end together in one message', async () => {
    const stream = await bench.connected(bench.worker({ concurrency: 50 }).handle('echo', () => 1));
    stream.lease(...Array.from({ length: 50 }, (_, i) => ({ taskId: `t${i}` })));
    expect((await stream.next('outcomes')).completions).toHaveLength(50);
  });

  it('sends a thrown TaskError as it is, and classifies anything else', async () => {
    const errors = [
      new TaskError({ message: 'quota', errorType: 'rate_limited', retryAfter: '3s' }),
      Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
    ];
    const stream = await bench.connected(
      bench.worker({ concurrency: 2 }).handle('echo', () => Promise.reject(errors.shift() ?? new Error('none left'))),
    );
    stream.lease({ taskId: 't1' }, { taskId: 't2', attempt: 3 });
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({
      errorType: 'rate_limited',
      message: 'quota',
      retryAfter: { seconds: 3n },
    });
    expect(failures[1]?.error).toMatchObject({ errorType: 'network', isRetryable: true, retryCount: 2 });
  });

  it.each<[string, Partial<dispatchv1.Lease>, () => unknown, RegExp]>([
    ['a result that is too large', { taskId: 't' }, () => 'x'.repeat(2_000), /too large: 2002 bytes, at most 1000/],
    ['a result that is not JSON', { taskId: 't' }, () => 1n, /cannot be sent/],
    [
      'params that are not JSON',
      { taskId: 't', params: { data: Buffer.from('{'), contentType: '' } },
      () => 1,
      /cannot be read/,
    ],
  ])('fails for good with %s', async (_, lease, handler, message) => {
    const stream = await bench.connected(bench.worker().handle('echo', handler));
    stream.lease(lease);
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({ isRetryable: false, message: expect.stringMatching(message) });
  });

  it('lets what a handler creates know its task', async () => {
    const stream = await bench.connected(bench.worker().handle('echo', () => currentTask()));
    stream.lease({ taskId: 't1' });
    const { completions } = await stream.next('outcomes');
    expect(decode(completions[0]?.result?.data)).toMatchObject({ taskId: 't1', correlationId: 'because' });
  });

  it('aborts the handler of a cancelled task and reports it once the handler has ended', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context, fail } = await held.until(1);
    const aborted = new Promise<unknown>((resolve) => (context.signal.onabort = () => resolve(context.signal.reason)));
    stream.send({ $case: 'cancels', value: { leases: [{ taskId: 't1', leaseToken: 't1/token' }] } });
    expect(await aborted).toMatchObject({ name: 'TaskAbortedError', why: 'cancelled' });
    expect(stream.outcomes).toEqual([]);
    fail(context.signal.reason);
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({ errorType: 'cancelled', isRetryable: false });
  });

  it('does not let a cancel of an earlier lease touch the present one', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context, finish } = await held.until(1);
    stream.send({ $case: 'cancels', value: { leases: [{ taskId: 't1', leaseToken: 'older' }] } });
    finish('fine');
    expect((await stream.next('outcomes')).completions).toHaveLength(1);
    expect(context.signal.aborted).toBe(false);
  });

  it('A7: sends what handlers say of themselves at once, then the latest of it twice a second', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' });
    const [first, second] = [await held.until(1), await held.until(2)];
    first.context.progress(10, 'begun');
    expect((await stream.next('progress')).reports).toEqual([
      { lease: { taskId: 't1', leaseToken: 't1/token' }, percent: 10, message: 'begun' },
    ]);
    for (let percent = 11; percent <= 40; percent += 1) first.context.progress(percent);
    second.context.progress(null, 'under way');
    bench.timers.advance(Duration.ofMillis(500));
    const { reports } = await stream.next('progress');
    expect(reports.map(({ percent, message }) => [percent, message])).toEqual([
      [40, ''],
      [undefined, 'under way'],
    ]);
    expect(() => first.context.progress(101)).toThrow(RangeError);
    expect(() => first.context.progress(1, 'x'.repeat(1_001))).toThrow(RangeError);
    // What was said last goes out before the outcome.
    first.context.progress(100, 'done');
    first.finish('done');
    expect((await stream.next('progress')).reports[0]?.message).toBe('done');
    expect((await stream.next('outcomes')).completions).toHaveLength(1);
  });

  it('A7: aborts a handler that gives no sign of life within its heartbeat timeout', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1', heartbeatTimeout: { seconds: 2n, nanos: 0 } });
    const { context, fail } = await held.until(1);
    bench.timers.advance(Duration.ofMillis(1_900));
    context.heartbeat();
    expect((await stream.next('progress')).reports[0]).toMatchObject({ percent: undefined, message: '' });
    bench.timers.advance(Duration.ofMillis(1_900));
    expect(context.signal.aborted).toBe(false);
    bench.timers.advance(Duration.ofMillis(100));
    expect(context.signal.reason).toMatchObject({ why: 'heartbeat_timeout' });
    fail(context.signal.reason);
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({ errorType: 'timeout', isRetryable: true });
  });

  it('A7: aborts a handler that runs longer than its run timeout, and fails the attempt even if it goes on', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker({ concurrency: 1, prefetch: 0 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1', runTimeout: { seconds: 2n, nanos: 0 } });
    const { context, finish } = await held.until(1);
    bench.timers.advance(Duration.ofSeconds(2));
    expect(context.signal.reason).toMatchObject({ why: 'timeout' });
    bench.timers.advance(Duration.ofSeconds(5));
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({ errorType: 'timeout', isRetryable: true });
    // The slot is not free before the handler has really ended.
    expect(stream.credits).toBe(0);
    stream.acknowledge({ completions: [], failures, releases: [] });
    finish();
    expect((await stream.next('credits')).add).toBe(1);
  });

  it('hands back what was claimed ahead when handlers are slow, and claims ahead again when they are quick', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker({ concurrency: 1, prefetch: 2 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' }, { taskId: 't3' });
    (await held.until(1)).context.logger.debug({}, 'started');
    bench.timers.advance(Duration.ofSeconds(2));
    const released = await stream.next('outcomes');
    expect(released.releases.map(({ taskId }) => taskId)).toEqual(['t2', 't3']);
    stream.acknowledge(released);
    expect(stream.credits).toBe(0);
    held.started[0]?.finish();
    stream.acknowledge(await stream.next('outcomes'));
    expect((await stream.next('credits')).add).toBe(1);
    stream.lease({ taskId: 't4' });
    (await held.until(2)).finish();
    stream.acknowledge(await stream.next('outcomes'));
    expect((await stream.next('credits')).add).toBe(3);
  });

  it('extends what it holds, running or claimed ahead, and aborts what was lost or cancelled meanwhile', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker({ concurrency: 2 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' });
    await held.until(2);
    bench.timers.advance(Duration.ofSeconds(9));
    stream.lease({ taskId: 't3' });
    // Answered in order, so the lease is there.
    await pinged(stream);
    bench.timers.advance(Duration.ofSeconds(1));
    const { leases } = await stream.next('extend');
    expect(leases.map(({ taskId }) => taskId)).toEqual(['t1', 't2', 't3']);
    const [first, second] = held.started;
    const aborted = [first, second].map(
      (one) => new Promise((resolve) => one!.context.signal.addEventListener('abort', resolve)),
    );
    const expireTime = new Date('2030-01-01T00:01:00Z');
    const { code, message, details } = { code: 9, message: 'gone', details: [] };
    stream.send({
      $case: 'extended',
      value: {
        extensions: [
          { taskId: 't1', expireTime: undefined, cancelRequested: false, error: { code, message, details } },
          { taskId: 't2', expireTime, cancelRequested: true, error: undefined },
          { taskId: 't3', expireTime, cancelRequested: false, error: undefined },
        ],
      },
    });
    await Promise.all(aborted);
    expect(first!.context.signal.reason).toMatchObject({ why: 'lease_lost' });
    expect(second!.context.signal.reason).toMatchObject({ why: 'cancelled' });
    first!.finish('too late');
    expect((await held.until(3)).context.task.id).toBe('t3');
    second!.finish('too late');
    const outcomes = await stream.next('outcomes');
    expect(outcomes).toMatchObject({ completions: [], failures: [{ lease: { taskId: 't2' } }] });
  });

  it('aborts a handler whose lease could not be extended in time', async () => {
    const held = gate();
    const stream = await bench.connected(bench.worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context } = await held.until(1);
    bench.timers.advance(Duration.ofSeconds(29));
    expect(context.signal.aborted).toBe(false);
    bench.timers.advance(Duration.ofSeconds(1));
    expect(context.signal.reason).toMatchObject({ why: 'lease_lost' });
  });
});
