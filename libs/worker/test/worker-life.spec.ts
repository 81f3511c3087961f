import { leaseLost, Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { gate, RECONNECT, useBench } from './bench.ts';

const HEARTBEAT = Duration.ofSeconds(30);

const bench = useBench();

describe('a worker whose stream breaks', () => {
  it('keeps what it holds, resends what was not answered, and grants its free slots anew', async () => {
    const held = gate();
    const stream = await bench.connected(
      bench
        .worker({ concurrency: 2, prefetch: 1 })
        .handle('echo', () => 'quick')
        .handle('slow', held.handler),
    );
    expect(stream.credits).toBe(3);
    stream.lease({ taskId: 'quick' }, { taskId: 'slow', type: 'slow' });
    const unanswered = await stream.next('outcomes');
    stream.cut();
    await bench.timers.elapse(RECONNECT);
    const second = await bench.scheduler.streams.take();
    expect(await second.next('outcomes')).toEqual(unanswered);
    expect((await second.next('extend')).leases.map(({ taskId }) => taskId)).toEqual(['slow']);
    expect((await second.next('credits')).add).toBe(2);
    second.acknowledge(unanswered, leaseLost('quick'));
    held.started[0]?.finish('done');
    expect((await second.next('outcomes')).completions[0]?.lease?.taskId).toBe('slow');
    expect(second.mostCredits).toBeLessThanOrEqual(3);
    expect(bench.lines).toContainEqual({ level: 'info', message: 'the outcome is no longer wanted' });
  });

  it('connects elsewhere when the server drains', async () => {
    const stream = await bench.connected(bench.worker().handle('echo', () => 1));
    stream.send({ $case: 'drain', value: { reason: 'deploy' } });
    await stream.halfClosed;
    await bench.timers.elapse(RECONNECT);
    const second = await bench.scheduler.streams.take();
    expect((await second.next('credits')).add).toBe(20);
  });

  it('says a refused result again as a failure, so that the task does not hang', async () => {
    const stream = await bench.connected(bench.worker().handle('echo', () => 1));
    stream.lease({ taskId: 't1' });
    stream.acknowledge(await stream.next('outcomes'), new Refusal('PAYLOAD_TOO_LARGE', 'too big for me'));
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({
      isRetryable: false,
      message: expect.stringContaining('too big for me'),
    });
  });

  it('does not start if the server refuses it for good', async () => {
    bench.scheduler.answers.refuse = new Refusal('INVALID_FIELD', 'options.worker_id: bad');
    await expect(
      bench
        .worker()
        .handle('echo', () => 1)
        .start(),
    ).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
  });
});

describe('a worker that stops', () => {
  it('stops at SIGTERM, and aborts handlers at a second one', async () => {
    const held = gate();
    const ran = bench.worker().handle('echo', held.handler).run();
    const stream = await bench.scheduler.streams.take();
    await stream.next('credits');
    stream.lease({ taskId: 't1' });
    const { context, fail } = await held.until(1);
    process.emit('SIGTERM');
    expect(context.signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    process.emit('SIGTERM');
    await aborted;
    fail(context.signal.reason);
    const outcomes = await stream.next('outcomes');
    expect(outcomes.releases).toHaveLength(1);
    stream.acknowledge(outcomes);
    await ran;
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });

  it('stops while it still waits for a server', async () => {
    await bench.scheduler.close();
    const made = bench.worker().handle('echo', () => 1);
    const started = made.start();
    await bench.timers.isAwaited(RECONNECT);
    await made.stop();
    await expect(started).rejects.toThrow('before it was connected');
  });

  it('hands back what was not started, lets the rest end, and says goodbye', async () => {
    const held = gate();
    const made = bench.worker({ concurrency: 1 });
    const stream = await bench.connected(made.handle('echo', held.handler));
    await bench.scheduler.calls.take(({ method }) => method === 'register');
    stream.lease({ taskId: 't1' }, { taskId: 't2' });
    await held.until(1);
    const stopped = made.stop();
    const released = await stream.next('outcomes');
    expect(released).toMatchObject({ completions: [], failures: [], releases: [{ taskId: 't2' }] });
    stream.acknowledge(released);
    held.started[0]?.finish('done');
    const done = await stream.next('outcomes');
    expect(done.completions).toHaveLength(1);
    stream.acknowledge(done);
    await stopped;
    expect((await bench.scheduler.calls.take()).method).toBe('deregister');
    expect(held.started).toHaveLength(1);
  });

  it('aborts handlers after the shutdown timeout and hands their tasks back', async () => {
    const held = gate();
    const made = bench.worker({ shutdownTimeout: 20 });
    const stream = await bench.connected(made.handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context, fail } = await held.until(1);
    const stopped = made.stop();
    bench.timers.advance(Duration.ofSeconds(20));
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener('abort', () => resolve());
    });
    expect(context.signal.reason).toMatchObject({ why: 'shutdown' });
    fail(new Error('interrupted'));
    const outcomes = await stream.next('outcomes');
    expect(outcomes).toMatchObject({ failures: [], releases: [{ taskId: 't1' }] });
    stream.acknowledge(outcomes);
    await stopped;
  });

  it('hands back a lease that was on its way when it stopped', async () => {
    const made = bench.worker();
    const stream = await bench.connected(made.handle('echo', () => 1));
    const stopped = made.stop();
    stream.lease({ taskId: 'late' });
    await stopped;
    const over = stream.outcomes.flatMap(({ releases }) => releases);
    expect([...over, ...bench.scheduler.released.items]).toEqual([{ taskId: 'late', leaseToken: 'late/token' }]);
  });

  it('drains when the registry says so, and run() resolves', async () => {
    const made = bench.worker({ heartbeat: 30 }).handle('echo', () => 1);
    bench.scheduler.answers.shouldDrain = true;
    const ran = made.run();
    await bench.scheduler.streams.take();
    await bench.scheduler.calls.take(({ method }) => method === 'register');
    await bench.timers.elapse(HEARTBEAT);
    await ran;
    expect((await bench.scheduler.calls.take(({ method }) => method === 'deregister')).method).toBe('deregister');
  });

  it('registers again when the registry has forgotten it', async () => {
    const stream = await bench.connected(bench.worker().handle('echo', () => 1));
    await bench.scheduler.calls.take(({ method }) => method === 'register');
    bench.scheduler.answers.forget = true;
    const again = bench.scheduler.calls.take(({ method }) => method === 'register');
    await bench.timers.elapse(HEARTBEAT);
    await bench.timers.elapse(RECONNECT);
    expect((await again).method).toBe('register');
    expect(stream.credits).toBe(20);
  });
});
