import type { dispatchv1 } from '@orrery/contracts';
import { recordingLogger } from '@orrery/testing';
import { ClientError, Status } from 'nice-grpc-common';
import { HintStream, type HintTaker } from './hint-stream.ts';

/** A scheduler that takes hints while it is let, one stream after the other. */
class TestScheduler implements HintTaker {
  readonly heard: dispatchv1.WakeRequest[] = [];
  streams = 0;
  private heardOne: () => void = () => undefined;
  private breakOff: (error: Error) => void = () => undefined;
  private hold = Promise.resolve();

  async wake(hints: AsyncIterable<dispatchv1.WakeRequest>): Promise<void> {
    this.streams += 1;
    const broken = new Promise<never>((_, reject) => (this.breakOff = reject));
    const taken = (async () => {
      for await (const hint of hints) {
        this.heard.push(hint);
        this.heardOne();
        await this.hold;
      }
    })();
    await Promise.race([taken, broken]);
  }

  /** Takes one hint, and no other before the returned function is called. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.hold = promise;
    return resolve;
  }

  break(): void {
    this.breakOff(new ClientError('/wake', Status.UNAVAILABLE, 'gone'));
  }

  async hears(count: number): Promise<void> {
    while (this.heard.length < count) await new Promise<void>((resolve) => (this.heardOne = resolve));
  }
}

const queue = (name: string) => ({ namespace: 'default', queue: name });

describe('hints to a scheduler', () => {
  let scheduler: TestScheduler;
  let hints: HintStream;

  beforeEach(() => {
    scheduler = new TestScheduler();
    hints = new HintStream(scheduler, 'test', recordingLogger());
  });

  afterEach(() => hints.close());

  it('go over one stream, each as soon as it is given', async () => {
    hints.send({ queues: [queue('a')] });
    await scheduler.hears(1);
    hints.send({ schedules: true });
    await scheduler.hears(2);
    expect(scheduler.streams).toBe(1);
    expect(scheduler.heard).toEqual([
      { queues: [queue('a')], cancels: [], scheduled: false, schedules: false },
      { queues: [], cancels: [], scheduled: false, schedules: true },
    ]);
  });

  it('gather while the stream takes none, each queue once', async () => {
    const proceed = scheduler.pause();
    hints.send({ queues: [queue('a')] });
    await scheduler.hears(1);
    for (let n = 0; n < 5; n += 1) hints.send({ queues: [queue('a')], scheduled: n === 2 });
    hints.send({ queues: [queue('b')], cancels: [{ namespace: 'default', id: 't' }] });
    proceed();
    await scheduler.hears(2);
    expect(scheduler.heard[1]).toEqual({
      queues: [queue('a'), queue('b')],
      cancels: [{ namespace: 'default', taskId: 't' }],
      scheduled: true,
      schedules: false,
    });
  });

  it('go over another stream when one breaks off', async () => {
    hints.send({ queues: [queue('a')] });
    await scheduler.hears(1);
    scheduler.break();
    await new Promise((resolve) => setImmediate(resolve));
    hints.send({ queues: [queue('b')] });
    await scheduler.hears(2);
    expect(scheduler.streams).toBe(2);
    expect(scheduler.heard[1]?.queues).toEqual([queue('b')]);
  });
});
