import { Duration } from '@orrery/duration';
import { ManualTimers } from '@orrery/rpc/testing';
import { type Client, createClient } from '../src/index.ts';
import { startTestTaskApi, type TestTaskApi } from './test-task-api.ts';

const IDLE = Duration.ofSeconds(1);

describe('single creations', () => {
  let api: TestTaskApi;
  let timers: ManualTimers;
  let client: Client;

  beforeEach(async () => {
    api = await startTestTaskApi();
    timers = new ManualTimers();
    client = createClient({ address: api.address, timers });
  });

  afterEach(async () => {
    await client.close();
    api.close();
  });

  it('share a stream as long as they follow each other within a second', async () => {
    for (let n = 0; n < 3; n += 1) {
      await client.tasks.create('echo', n);
      timers.advance(Duration.ofMillis(999));
    }
    expect(api.calls).toHaveLength(3);
    expect(api.creations.items).toHaveLength(1);
  });

  it('leave no stream open that is not used for a second, and open another later', async () => {
    await client.tasks.create('echo', 1);
    const stream = await api.creations.take();
    await timers.elapse(IDLE);
    await stream.ended;
    await client.tasks.create('echo', 2);
    expect(api.creations.items).toHaveLength(1);
    expect(api.tasks.size).toBe(2);
  });

  it('go over another stream after half a minute', async () => {
    for (let second = 0; second < 31; second += 1) {
      await client.tasks.create('echo', second);
      timers.advance(Duration.ofMillis(990));
    }
    const old = await api.creations.take();
    expect(api.creations.items).toHaveLength(0);
    await client.tasks.create('echo', 31);
    await old.ended;
    expect(api.creations.items).toHaveLength(1);
  });

  it('go over several streams if they do not wait for each other', async () => {
    const hold = Promise.withResolvers<void>();
    api.hooks.before = () => hold.promise;
    const first = client.tasks.create('echo', 1);
    await api.arrived.take();
    const second = client.tasks.create('echo', 2);
    timers.advance(Duration.ofMillis(10));
    await api.arrived.take();
    expect(api.creations.items).toHaveLength(2);
    hold.resolve();
    await Promise.all([first, second]);
  });

  it('are over for good when the client is closed', async () => {
    await client.tasks.create('echo', 1);
    const stream = await api.creations.take();
    await client.close();
    await stream.ended;
  });
});
