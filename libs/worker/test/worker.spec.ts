import type { dispatchv1 } from '@orrery/contracts';
import { leaseLost, Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { currentTask, type Logger } from '@orrery/rpc';
import { ManualTimers } from '@orrery/rpc/testing';
import { TaskError } from '@orrery/task-error';
import { createWorker, type TaskContext, type Worker, type WorkerOptions } from '../src/index.ts';
import { startTestScheduler, type TestScheduler } from './test-scheduler.ts';
import type { TestStream } from './test-stream.ts';

/** The first delay of `reconnectDelay` without jitter. */
const RECONNECT = Duration.ofMillis(25);
const HEARTBEAT = Duration.ofSeconds(30);

let scheduler: TestScheduler;
let timers: ManualTimers;
let lines: { level: string; message: string }[];
let workers: Worker[];

const logger: Logger = {
  debug: (_, message) => void lines.push({ level: 'debug', message }),
  info: (_, message) => void lines.push({ level: 'info', message }),
  warn: (_, message) => void lines.push({ level: 'warn', message }),
  error: (_, message) => void lines.push({ level: 'error', message }),
};

beforeEach(async () => {
  scheduler = await startTestScheduler();
  timers = new ManualTimers();
  lines = [];
  workers = [];
});

afterEach(async () => {
  const stopped = Promise.all(workers.map((worker) => worker.stop()));
  // Whatever a stopping worker still waits for is over.
  let over = false;
  void stopped.then(() => (over = true));
  while (!over) {
    timers.advance(Duration.ofSeconds(400));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await scheduler.close();
});

function worker(options: WorkerOptions = {}): Worker {
  const made = createWorker({ address: scheduler.address, id: 'w1', logger, timers, random: () => 0, ...options });
  workers.push(made);
  return made;
}

/** A handler that ends when the spec says so. */
function gate() {
  const started: {
    params: unknown;
    context: TaskContext;
    finish: (value?: unknown) => void;
    fail: (e: unknown) => void;
  }[] = [];
  let wake: () => void = () => undefined;
  return {
    started,
    handler: (params: unknown, context: TaskContext) =>
      new Promise<unknown>((resolve, reject) => {
        started.push({ params, context, finish: resolve, fail: reject });
        wake();
      }),
    async until(count: number) {
      while (started.length < count) await new Promise<void>((resolve) => (wake = resolve));
      return started[count - 1]!;
    },
  };
}

async function connected(made: Worker): Promise<TestStream> {
  await made.start();
  const stream = await scheduler.streams.take();
  await stream.next('credits');
  return stream;
}

/** Resolves once the worker has taken in everything that was sent to it before. */
async function pinged(stream: TestStream): Promise<void> {
  // A lease that cannot be read is answered at once.
  stream.lease({ taskId: 'ping', expireTime: undefined });
  stream.acknowledge(await stream.next('outcomes'));
}

const decode = (data: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(data)) as unknown;

describe('a worker', () => {
  it('says hello, grants its slots and as many ahead, runs a task and returns the result', async () => {
    const stream = await connected(
      worker({ concurrency: 2, queues: ['a', 'b'] }).handle('echo', (params) => ({ got: params })),
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
    const stream = await connected(worker({ concurrency: 2 }).handle('echo', held.handler));
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
    const stream = await connected(worker({ concurrency: 50 }).handle('echo', () => 1));
    stream.lease(...Array.from({ length: 50 }, (_, i) => ({ taskId: `t${i}` })));
    expect((await stream.next('outcomes')).completions).toHaveLength(50);
  });

  it('sends a thrown TaskError as it is, and classifies anything else', async () => {
    const errors = [
      new TaskError({ message: 'quota', errorType: 'rate_limited', retryAfter: '3s' }),
      Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
    ];
    const stream = await connected(
      worker({ concurrency: 2 }).handle('echo', () => Promise.reject(errors.shift() ?? new Error('none left'))),
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
    const stream = await connected(worker().handle('echo', handler));
    stream.lease(lease);
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({ isRetryable: false, message: expect.stringMatching(message) });
  });

  it('lets what a handler creates know its task', async () => {
    const stream = await connected(worker().handle('echo', () => currentTask()));
    stream.lease({ taskId: 't1' });
    const { completions } = await stream.next('outcomes');
    expect(decode(completions[0]?.result?.data)).toMatchObject({ taskId: 't1', correlationId: 'because' });
  });

  it('aborts the handler of a cancelled task and reports it once the handler has ended', async () => {
    const held = gate();
    const stream = await connected(worker().handle('echo', held.handler));
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
    const stream = await connected(worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context, finish } = await held.until(1);
    stream.send({ $case: 'cancels', value: { leases: [{ taskId: 't1', leaseToken: 'older' }] } });
    finish('fine');
    expect((await stream.next('outcomes')).completions).toHaveLength(1);
    expect(context.signal.aborted).toBe(false);
  });

  it('aborts a handler that runs longer than its run timeout, and fails the attempt even if it goes on', async () => {
    const held = gate();
    const stream = await connected(worker({ concurrency: 1, prefetch: 0 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1', runTimeout: { seconds: 2n, nanos: 0 } });
    const { context, finish } = await held.until(1);
    timers.advance(Duration.ofSeconds(2));
    expect(context.signal.reason).toMatchObject({ why: 'timeout' });
    timers.advance(Duration.ofSeconds(5));
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
    const stream = await connected(worker({ concurrency: 1, prefetch: 2 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' }, { taskId: 't3' });
    (await held.until(1)).context.logger.debug({}, 'started');
    timers.advance(Duration.ofSeconds(2));
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
    const stream = await connected(worker({ concurrency: 2 }).handle('echo', held.handler));
    stream.lease({ taskId: 't1' }, { taskId: 't2' });
    await held.until(2);
    timers.advance(Duration.ofSeconds(9));
    stream.lease({ taskId: 't3' });
    // Answered in order, so the lease is there.
    await pinged(stream);
    timers.advance(Duration.ofSeconds(1));
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
    const stream = await connected(worker().handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context } = await held.until(1);
    timers.advance(Duration.ofSeconds(29));
    expect(context.signal.aborted).toBe(false);
    timers.advance(Duration.ofSeconds(1));
    expect(context.signal.reason).toMatchObject({ why: 'lease_lost' });
  });
});

describe('a worker whose stream breaks', () => {
  it('keeps what it holds, resends what was not answered, and grants its free slots anew', async () => {
    const held = gate();
    const stream = await connected(
      worker({ concurrency: 2, prefetch: 1 })
        .handle('echo', () => 'quick')
        .handle('slow', held.handler),
    );
    expect(stream.credits).toBe(3);
    stream.lease({ taskId: 'quick' }, { taskId: 'slow', type: 'slow' });
    const unanswered = await stream.next('outcomes');
    stream.cut();
    await timers.elapse(RECONNECT);
    const second = await scheduler.streams.take();
    expect(await second.next('outcomes')).toEqual(unanswered);
    expect((await second.next('extend')).leases.map(({ taskId }) => taskId)).toEqual(['slow']);
    expect((await second.next('credits')).add).toBe(2);
    second.acknowledge(unanswered, leaseLost('quick'));
    held.started[0]?.finish('done');
    expect((await second.next('outcomes')).completions[0]?.lease?.taskId).toBe('slow');
    expect(second.mostCredits).toBeLessThanOrEqual(3);
    expect(lines).toContainEqual({ level: 'info', message: 'the outcome is no longer wanted' });
  });

  it('connects elsewhere when the server drains', async () => {
    const stream = await connected(worker().handle('echo', () => 1));
    stream.send({ $case: 'drain', value: { reason: 'deploy' } });
    await stream.halfClosed;
    await timers.elapse(RECONNECT);
    const second = await scheduler.streams.take();
    expect((await second.next('credits')).add).toBe(20);
  });

  it('says a refused result again as a failure, so that the task does not hang', async () => {
    const stream = await connected(worker().handle('echo', () => 1));
    stream.lease({ taskId: 't1' });
    stream.acknowledge(await stream.next('outcomes'), new Refusal('PAYLOAD_TOO_LARGE', 'too big for me'));
    const { failures } = await stream.next('outcomes');
    expect(failures[0]?.error).toMatchObject({
      isRetryable: false,
      message: expect.stringContaining('too big for me'),
    });
  });

  it('does not start if the server refuses it for good', async () => {
    scheduler.answers.refuse = new Refusal('INVALID_FIELD', 'options.worker_id: bad');
    await expect(
      worker()
        .handle('echo', () => 1)
        .start(),
    ).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
  });
});

describe('a worker that stops', () => {
  it('stops at SIGTERM, and aborts handlers at a second one', async () => {
    const held = gate();
    const ran = worker().handle('echo', held.handler).run();
    const stream = await scheduler.streams.take();
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
    await scheduler.close();
    const made = worker().handle('echo', () => 1);
    const started = made.start();
    await timers.isAwaited(RECONNECT);
    await made.stop();
    await expect(started).rejects.toThrow('before it was connected');
  });

  it('hands back what was not started, lets the rest end, and says goodbye', async () => {
    const held = gate();
    const made = worker({ concurrency: 1 });
    const stream = await connected(made.handle('echo', held.handler));
    await scheduler.calls.take(({ method }) => method === 'register');
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
    expect((await scheduler.calls.take()).method).toBe('deregister');
    expect(held.started).toHaveLength(1);
  });

  it('aborts handlers after the shutdown timeout and hands their tasks back', async () => {
    const held = gate();
    const made = worker({ shutdownTimeout: 20 });
    const stream = await connected(made.handle('echo', held.handler));
    stream.lease({ taskId: 't1' });
    const { context, fail } = await held.until(1);
    const stopped = made.stop();
    timers.advance(Duration.ofSeconds(20));
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
    const made = worker();
    const stream = await connected(made.handle('echo', () => 1));
    const stopped = made.stop();
    stream.lease({ taskId: 'late' });
    await stopped;
    const over = stream.outcomes.flatMap(({ releases }) => releases);
    expect([...over, ...scheduler.released.items]).toEqual([{ taskId: 'late', leaseToken: 'late/token' }]);
  });

  it('drains when the registry says so, and run() resolves', async () => {
    const made = worker({ heartbeat: 30 }).handle('echo', () => 1);
    scheduler.answers.shouldDrain = true;
    const ran = made.run();
    await scheduler.streams.take();
    await scheduler.calls.take(({ method }) => method === 'register');
    await timers.elapse(HEARTBEAT);
    await ran;
    expect((await scheduler.calls.take(({ method }) => method === 'deregister')).method).toBe('deregister');
  });

  it('registers again when the registry has forgotten it', async () => {
    const stream = await connected(worker().handle('echo', () => 1));
    await scheduler.calls.take(({ method }) => method === 'register');
    scheduler.answers.forget = true;
    const again = scheduler.calls.take(({ method }) => method === 'register');
    await timers.elapse(HEARTBEAT);
    await timers.elapse(RECONNECT);
    expect((await again).method).toBe('register');
    expect(stream.credits).toBe(20);
  });
});
