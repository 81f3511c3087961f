import { DEFAULT_RETENTION, NO_RETRY } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLogger } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { TaskError } from '@orrery/task-error';
import { FakeClock } from '@orrery/testing';
import { startHousekeepingLoop } from '../src/housekeeping-loop.ts';
import { addTasks } from './harness.ts';

const days = (count: number) => Duration.of({ days: count });

describe('housekeeping', () => {
  const clock = new FakeClock();
  const store = openMemoryStore({ clock });
  const logger = createLogger({ level: 'error', format: 'json' });

  afterAll(() => store.close());

  const keptStatuses = async () => {
    const kept = await store.tasks.listTasks({ namespace: 'default', limit: 10_000 });
    return kept.map(({ status }) => status).sort();
  };

  /** One whole turn, however many batches it takes. */
  async function turn(expected: readonly string[]): Promise<void> {
    const deps = { store, relay: null, retention: DEFAULT_RETENTION, eventRetention: days(7), clock, logger };
    const loop = startHousekeepingLoop(deps);
    while ((await keptStatuses()).length > expected.length) await new Promise((resolve) => setImmediate(resolve));
    await loop.stop();
    expect(await keptStatuses()).toEqual(expected);
  }

  it('A12: deletes ended tasks by themselves, dead letters later than the rest, and nothing that is live', async () => {
    await addTasks(store, 2_600, { retryPolicy: NO_RETRY });
    const leaseDuration = Duration.ofSeconds(30);
    const claim = { namespace: 'default', queues: ['default'], types: [], strategy: 'FIFO', leaseDuration } as const;
    const running = await store.tasks.claimTasks({ ...claim, slots: new Array<string>(2_500).fill('w') });
    const leases = running.map(({ id, leaseToken }) => ({ taskId: id, token: leaseToken ?? '' }));
    const completions = leases.slice(0, 2_498).map((lease) => ({ lease, result: null }));
    await store.tasks.completeTasks('default', completions);
    const error = TaskError.create({ message: 'broken', errorType: 'network' }).toData();
    const failures = leases
      .slice(2_498)
      .map((lease) => ({ lease, error, decision: { retry: false as const }, ifExpiresAt: null }));
    await store.tasks.failTasks('default', failures);
    const waiting = await store.tasks.listTaskIds({ namespace: 'default', statuses: ['PENDING'], limit: 1_000 });
    await store.tasks.cancelTasks({ namespace: 'default', ids: waiting.slice(1), statuses: ['PENDING'] });

    clock.advance(days(7));
    expect(await keptStatuses()).toHaveLength(2_600);
    clock.advance(Duration.ofMillis(1));
    await turn(['FAILED', 'FAILED', 'PENDING']);
    clock.advance(days(23));
    await turn(['PENDING']);
  });

  it('A9: keeps tasks that say so for as long as they say, be it shorter or longer', async () => {
    await store.tasks.deleteTasks({ namespace: 'default', ids: await allIds(), statuses: ['PENDING'] });
    await addTasks(store, 1, { retention: Duration.of({ minutes: 1 }) });
    await addTasks(store, 1, { retention: days(365) });
    await store.tasks.cancelTasks({ namespace: 'default', ids: await allIds(), statuses: ['PENDING'] });

    clock.advance(Duration.of({ minutes: 1 }));
    expect(await keptStatuses()).toHaveLength(2);
    clock.advance(Duration.ofMillis(1));
    await turn(['CANCELLED']);
    clock.advance(days(364));
    await turn(['CANCELLED']);
    clock.advance(days(1));
    await turn([]);
  });

  const allIds = () => store.tasks.listTaskIds({ namespace: 'default', limit: 10_000 });
});
