import type { dispatchv1 } from '@orrery/contracts';
import { Outgoing } from '@orrery/service';
import { addTasks, claimOptions, startScheduler } from './harness.ts';

const QUEUES = [{ namespace: 'default', queue: 'default' }];

describe('a stream of hints', () => {
  let fixture: Awaited<ReturnType<typeof startScheduler>>;
  let hints: Outgoing<dispatchv1.WakeRequest>;

  beforeEach(async () => {
    fixture = await startScheduler();
    hints = new Outgoing();
  });

  afterEach(() => fixture.stop());

  const hint = () => hints.push({ queues: QUEUES, cancels: [], scheduled: false, schedules: false });

  it('wakes who waits for tasks, hint by hint', async () => {
    const ended = fixture.control.wake(hints);
    for (let n = 0; n < 3; n += 1) {
      const options = claimOptions(`w${n}`);
      const waiting = fixture.dispatch.claimTasks({ options, maxTasks: 1, waitTimeout: { seconds: 20n, nanos: 0 } });
      await addTasks(fixture.store, 1);
      hint();
      expect((await waiting).leases).toHaveLength(1);
    }
    hints.end();
    await ended;
  });

  it('is answered at once, for until then its client keeps all it has said', async () => {
    const headers = Promise.withResolvers<void>();
    const ended = fixture.control.wake(hints, { onHeader: () => headers.resolve() });
    hint();
    await headers.promise;
    hints.end();
    await ended;
  });

  it('ends when the scheduler shuts down', async () => {
    const open = Promise.withResolvers<void>();
    const ended = fixture.control.wake(hints, { onHeader: () => open.resolve() });
    hint();
    await open.promise;
    await fixture.stopServer();
    expect(await ended).toEqual({});
  });
});
