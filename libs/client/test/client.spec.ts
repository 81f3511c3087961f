import { Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { inTaskScope } from '@orrery/rpc';
import { ManualTimers } from '@orrery/rpc/testing';
import { ServerError, Status } from 'nice-grpc';
import { type Client, type ClientOptions, createClient, type OrreryError } from '../src/index.ts';
import { failed, startTestTaskApi, succeeded, type TestTaskApi } from './test-task-api.ts';

/** The first delay of `reconnectDelay` without jitter. */
const RECONNECT = Duration.ofMillis(25);

let api: TestTaskApi;
let timers: ManualTimers;
let clients: Client[];

beforeEach(async () => {
  api = await startTestTaskApi();
  timers = new ManualTimers();
  clients = [];
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  api.close();
});

function open(options: ClientOptions = {}): Client {
  const client = createClient({ address: api.address, timers, random: () => 0, ...options });
  clients.push(client);
  return client;
}

function unavailable(): Promise<never> {
  return Promise.reject(new ServerError(Status.UNAVAILABLE, 'the reply is lost'));
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('creating tasks', () => {
  it('sends a lone task at once, with what the caller said', async () => {
    const client = open({ token: 'secret', origin: () => ({ traceparent: '00-trace', correlationId: 'origin' }) });
    const handle = await client.tasks.create(
      'mail',
      { to: 'a@b' },
      { delay: '5s', retry: { maxAttempts: 2 }, labels: { a: 'b' } },
    );
    expect(handle).toMatchObject({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), deduplicated: false });
    const [call] = api.calls;
    expect(call).toMatchObject({ partialSuccess: true, authorization: 'Bearer secret' });
    expect(call?.tasks[0]).toMatchObject({
      type: 'mail',
      delay: { seconds: 5n },
      retryPolicy: { maxAttempts: 2, multiplier: 2 },
      labels: { a: 'b' },
      correlationId: 'origin',
      traceparent: '00-trace',
    });
    expect(new TextDecoder().decode(call?.tasks[0]?.params?.data)).toBe('{"to":"a@b"}');
  });

  it('gathers concurrent tasks into one call, and gives each its own answer', async () => {
    const client = open();
    const made = await Promise.allSettled(
      range(100).map((n) => client.tasks.create(n === 7 ? '' : 'echo', n, { id: `t${n}` })),
    );
    expect(api.calls).toHaveLength(1);
    expect(made.map((one) => (one.status === 'fulfilled' ? one.value.id : (one.reason as OrreryError).reason))).toEqual(
      range(100).map((n) => (n === 7 ? 'INVALID_FIELD' : `t${n}`)),
    );
    expect(made[7]).toMatchObject({
      reason: { name: 'OrreryError', code: 'INVALID_ARGUMENT', violations: [{ field: 'task.type' }] },
    });
  });

  it('lets tasks that come while a call is under way share the next one', async () => {
    const client = open();
    const hold = Promise.withResolvers<void>();
    api.hooks.before = () => hold.promise;
    const first = client.tasks.create('echo', 0);
    await api.arrived.take();
    const rest = range(50).map((n) => client.tasks.create('echo', n));
    hold.resolve();
    await Promise.all([first, ...rest]);
    expect(api.calls.map(({ tasks }) => tasks.length)).toEqual([1, 50]);
  });

  it('asks again under the same request id when a reply is lost, and creates nothing twice', async () => {
    const client = open();
    api.hooks.beforeReply = unavailable;
    const created = client.tasks.create('echo', 1);
    await timers.isAwaited(RECONNECT);
    api.hooks.beforeReply = () => Promise.resolve();
    timers.advance(RECONNECT);
    const { id } = await created;
    expect(api.calls).toHaveLength(2);
    expect(api.calls[0]?.requestId).toBe(api.calls[1]?.requestId);
    expect([...api.tasks.keys()]).toEqual([id]);
  });

  it('gives up at the deadline, and says what the last try ended with', async () => {
    const client = open({ deadline: 2 });
    api.hooks.beforeReply = unavailable;
    const created = client.tasks.create('echo', 1).catch((error: unknown) => error);
    await timers.isAwaited(RECONNECT);
    timers.advance(Duration.ofSeconds(2));
    expect(await created).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('the reply is lost'),
    });
  });

  it('does not ask again when it was refused', async () => {
    api.hooks.refuse = new Refusal('PAYLOAD_TOO_LARGE', 'too large', { limit_bytes: '10' });
    await expect(open().tasks.create('echo', 1)).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
      metadata: { limit_bytes: '10' },
      code: 'INVALID_ARGUMENT',
    });
    expect(api.calls).toHaveLength(1);
  });

  it("sends a caller's request id in a call of its own", async () => {
    await open().tasks.create('echo', 1, { requestId: 'mine' });
    expect(api.calls).toMatchObject([{ method: 'createTask', requestId: 'mine' }]);
  });

  it('A13: records the task whose handler creates another', async () => {
    const scope = { taskId: 'parent', correlationId: 'because', traceparent: '' };
    await inTaskScope(scope, () => open().tasks.create('echo', 1));
    expect(api.calls[0]?.tasks[0]).toMatchObject({ parentTaskId: 'parent', correlationId: 'because' });
    // The call may carry tasks of others, so it is not itself part of the handler's doing.
    expect(api.calls[0]?.correlationId).toBeUndefined();
  });

  it('takes an aborted task out of the gathering', async () => {
    const client = open();
    const controller = new AbortController();
    const hold = Promise.withResolvers<void>();
    api.hooks.before = () => hold.promise;
    const first = client.tasks.create('echo', 0);
    await api.arrived.take();
    const second = client.tasks.create('echo', 1, { signal: controller.signal });
    controller.abort(new Error('changed my mind'));
    await expect(second).rejects.toThrow('changed my mind');
    hold.resolve();
    await first;
    await client.close();
    expect(api.calls).toHaveLength(1);
  });

  it('creates many at once, all or none, and refuses more than a thousand unless each may stand for itself', async () => {
    const client = open();
    const handles = await client.tasks.createMany(range(1_000).map((n) => ({ type: 'echo', params: n })));
    expect(handles).toHaveLength(1_000);
    expect(api.calls).toMatchObject([{ partialSuccess: false }]);
    const tooMany = range(2_500).map((n) => ({ type: n === 2_499 ? '' : 'echo' }));
    await expect(client.tasks.createMany(tooMany)).rejects.toMatchObject({ reason: 'INVALID_FIELD' });
    const made = await client.tasks.createMany(tooMany, { atomic: false });
    expect(made.map(({ status }) => status)).toEqual([...range(2_499).map(() => 'fulfilled'), 'rejected']);
    expect(api.calls.slice(1).map(({ tasks }) => tasks.length)).toEqual([1_000, 1_000, 500]);
  });
});

describe('waiting for tasks', () => {
  it('A9: resolves with the result, or rejects with why there is none', async () => {
    const { tasks } = open();
    const [good, bad, gone] = await Promise.all(['a', 'b', 'c'].map((id) => tasks.create('echo', 1, { id })));
    const results = Promise.allSettled([good!.result(), bad!.result(), gone!.result()]);
    const stream = await api.streams.take();
    expect(await stream.asked.take()).toEqual(['a', 'b', 'c']);
    api.end('c', { status: 5 });
    api.end('b', failed('no stock'));
    api.end('a', succeeded({ sum: 3 }));
    expect(await results).toMatchObject([
      { value: { sum: 3 } },
      { reason: { name: 'TaskFailedError', error: { errorType: 'business', message: 'no stock' } } },
      { reason: { name: 'TaskCancelledError' } },
    ]);
  });

  it('opens the stream anew when it breaks, with what is still awaited', async () => {
    const { tasks } = open();
    const handles = await Promise.all(['a', 'b'].map((id) => tasks.create('echo', 1, { id })));
    const results = handles.map((handle) => handle.result());
    const first = await api.streams.take();
    await first.asked.take();
    api.end('a', succeeded(1));
    expect(await results[0]).toBe(1);
    first.cut();
    await timers.elapse(RECONNECT);
    const second = await api.streams.take();
    expect(await second.asked.take()).toEqual(['b']);
    api.end('b', succeeded(2));
    expect(await results[1]).toBe(2);
  });

  it('rejects with TASK_NOT_FOUND for an id that does not exist', async () => {
    await expect(open().tasks.wait('nowhere')).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND', code: 'NOT_FOUND' });
  });

  it('stops waiting after the timeout, or when aborted', async () => {
    const { tasks } = open();
    const handle = await tasks.create('echo', 1);
    const late = handle.wait({ timeout: '3s' }).catch((error: unknown) => error);
    await timers.elapse(Duration.ofSeconds(3));
    expect(await late).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    const controller = new AbortController();
    const aborted = handle.wait({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
  });

  it('tells tasks in the order in which they end', async () => {
    const { tasks } = open();
    await Promise.all(['a', 'b', 'c'].map((id) => tasks.create('echo', 1, { id })));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { id } of tasks.watch(['a', 'b', 'c'])) seen.push(id);
    })();
    await (await api.streams.take()).asked.take();
    for (const id of ['b', 'c', 'a']) api.end(id, succeeded(id));
    await reading;
    expect(seen).toEqual(['b', 'c', 'a']);
  });

  it('rejects what is awaited when the client is closed', async () => {
    const client = open();
    const waiting = client.tasks.wait('a');
    await client.close();
    await expect(waiting).rejects.toThrow('the client was closed');
    await expect(client.tasks.wait('a')).rejects.toThrow('the client was closed');
    await expect(client.tasks.create('echo')).rejects.toThrow('the client was closed');
  });
});

describe('looking at tasks', () => {
  it('lists page after page', async () => {
    const { tasks } = open();
    await tasks.createMany(range(5).map((n) => ({ type: 'echo', id: `t${n}` })));
    await tasks.create('other');
    const ids: string[] = [];
    for await (const { id } of tasks.list({ types: ['echo'], pageSize: 2 })) ids.push(id);
    expect(ids).toEqual(['t0', 't1', 't2', 't3', 't4']);
    expect(await tasks.listPage({ types: ['echo'], pageSize: 2 })).toMatchObject({ nextPageToken: '2' });
  });

  it('spreads calls over several addresses, and does without those that are not there', async () => {
    const other = await startTestTaskApi();
    try {
      const { tasks } = open({
        address: [api.address, other.address.replace('127.0.0.1', 'localhost'), 'nowhere.invalid:1'],
      });
      api.end('a', succeeded(1));
      other.end('a', succeeded(1));
      for (let n = 0; api.calls.length === 0 || other.calls.length === 0; n += 1)
        await tasks.create('echo', 1, { requestId: `r-${n}` });
      expect(await tasks.get('a')).toMatchObject({ id: 'a', status: 'SUCCEEDED' });
    } finally {
      other.close();
    }
  });

  it('passes refusals on', async () => {
    await expect(open().tasks.cancel('nowhere')).rejects.toMatchObject({
      reason: 'TASK_NOT_FOUND',
      metadata: { task_id: 'nowhere' },
    });
  });
});
