import { systemClock, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLogger } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { Dispatcher } from '../src/dispatcher.ts';
import { LeaseCalls } from '../src/lease-calls.ts';
import { Settlement } from '../src/settle.ts';
import { WorkStream } from '../src/work-stream.ts';
import { addTasks, claimOptions } from './harness.ts';

describe('a worker that grants many credits and does not read', () => {
  const MIB = 1024 * 1024;
  const logger = createLogger({ level: 'error', format: 'json' });
  const store = openMemoryStore();
  const dispatcher = new Dispatcher(openMemoryStore(), logger, () => {});
  const nothing = (): void => undefined;
  const tasks = store.tasks;
  const settlement = new Settlement({
    store: tasks,
    random: () => 0.5,
    changed: nothing,
    ready: nothing,
    roomMade: nothing,
    scheduled: nothing,
  });
  const calls = new LeaseCalls({ store: tasks, settlement, clock: systemClock, maxPayloadBytes: MIB });
  let stream: WorkStream;

  beforeEach(() => {
    stream = new WorkStream({ options: claimOptions('w1') }, { dispatcher, calls, maxPayloadBytes: MIB });
    stream.receive({ message: { $case: 'credits', value: { add: 10_000 } } });
  });

  afterEach(() => stream.close());
  afterAll(() => dispatcher.stop());

  async function claim(count: number, bytes: number): Promise<readonly Task[]> {
    await addTasks(store, count, { params: Buffer.alloc(bytes) });
    const slots = Array.from({ length: count }, () => 'w1');
    const leaseDuration = Duration.ofSeconds(30);
    return store.tasks.claimTasks({
      namespace: 'default',
      queues: ['default'],
      types: [],
      strategy: 'FIFO',
      slots,
      leaseDuration,
    });
  }

  it('is given 16 MiB at most before it reads', async () => {
    const wanted = stream.wanted();
    expect(wanted * MIB).toBeLessThanOrEqual(16 * MIB);
    stream.deliver(await claim(wanted, MIB));
    expect(stream.wanted()).toBe(0);
  });

  it('is soon given small tasks by the hundred', async () => {
    stream.deliver(await claim(stream.wanted(), 100));
    stream.deliver(await claim(stream.wanted(), 100));
    expect(stream.wanted()).toBeGreaterThanOrEqual(500);
  });

  it('is given fewer again as soon as tasks are large', async () => {
    for (let i = 0; i < 2; i += 1) stream.deliver(await claim(stream.wanted(), 100));
    stream.deliver(await claim(2, MIB));
    expect(stream.wanted()).toBeLessThanOrEqual(8);
  });
});
