import { expireTask, TIMEOUT_GRACE } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, leaseOf, one, RETRY_NOW } from './suite-values.ts';

/** What tasks whose time is limited must see. */
export function timeoutTests(context: SuiteContext): void {
  const TEN = Duration.ofSeconds(10);
  const expire = async () =>
    (await context.tasks.expireTasks(100)).filter(({ namespace }) => namespace === context.namespace);

  describe('timeouts', () => {
    it('A7: a task that waited longer than its queue timeout cannot be claimed, and ends as FAILED', async () => {
      const id = await context.createOne({ queueTimeout: TEN });
      const other = await context.createOne();
      await context.events();
      context.clock.advance(Duration.ofMillis(9_999));
      expect(await expire()).toEqual([]);
      const before = await context.get(id);
      const now = context.clock.advance(Duration.ofMillis(1));
      expect((await context.claim({ count: 10 })).map((task) => task.id)).toEqual([other]);
      await context.events();
      const { task, event } = expireTask(before, now);
      expect(plain(await expire())).toEqual(plain([task]));
      expect(plain(await context.get(id))).toEqual(plain(task));
      expect(plain(await context.events())).toEqual(plain([event]));
      expect(task.error).toMatchObject({ errorType: 'timeout', isRetryable: false });
      expect(await expire()).toEqual([]);
    });

    it('counts the queue timeout from when a task is due, and anew after a retry, a release, a redrive and a rescheduling', async () => {
      const id = await context.createOne({ queueTimeout: TEN, due: Duration.ofSeconds(60) });
      context.clock.advance(Duration.ofSeconds(65));
      await context.promote();
      expect(await expire()).toEqual([]);
      const first = one(await context.claim());
      context.clock.advance(Duration.ofSeconds(20));
      await context.release(leaseOf(first));
      context.clock.advance(Duration.ofSeconds(9));
      expect(await expire()).toEqual([]);
      const second = one(await context.claim());
      context.clock.advance(Duration.ofSeconds(20));
      await context.fail(leaseOf(second), { retry: true, delay: Duration.ofSeconds(5) });
      context.clock.advance(Duration.ofSeconds(14));
      expect(await expire()).toEqual([]);
      const key = { namespace: context.namespace, id };
      await context.tasks.rescheduleTask(key, TEN.addTo(context.clock.now()));
      context.clock.advance(Duration.ofSeconds(19));
      expect(await expire()).toEqual([]);
      context.clock.advance(Duration.ofSeconds(1));
      expect((await expire()).map((task) => task.id)).toEqual([id]);
      await context.tasks.redriveTask(key);
      context.clock.advance(Duration.ofSeconds(9));
      expect(await expire()).toEqual([]);
      context.clock.advance(Duration.ofSeconds(1));
      expect(await expire()).toHaveLength(1);
      await context.tasks.redriveTasks({ namespace: context.namespace, ids: [id], statuses: ['FAILED'] });
      context.clock.advance(Duration.ofSeconds(9));
      expect(await expire()).toEqual([]);
      expect(one(await context.claim({ count: 10 })).id).toBe(id);
    });

    it('A7: no lease is extended beyond the run timeout and a grace', async () => {
      const task = await context.running({ runTimeout: TEN });
      const end = TIMEOUT_GRACE.addTo(TEN.addTo(task.startedAt as Date));
      context.clock.advance(Duration.ofSeconds(8));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: end, isOver: false });
      context.clock.advance(Duration.ofSeconds(8));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: end, isOver: true });
      expect((await context.expired()).map(({ id }) => id)).toEqual([task.id]);
      await context.fail(leaseOf(task), RETRY_NOW);
      expect((await context.claim({ count: 1 })).map(({ attempt }) => attempt)).toEqual([2]);
    });

    it('A7: a heartbeat moves the end that the heartbeat timeout sets, an extension does not', async () => {
      const task = await context.running({ heartbeatTimeout: TEN });
      const start = task.startedAt as Date;
      const endAfter = (seconds: number) => TIMEOUT_GRACE.addTo(Duration.ofSeconds(10 + seconds).addTo(start));
      context.clock.advance(Duration.ofSeconds(8));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: endAfter(0), isOver: false });
      const report = [{ lease: leaseOf(task), progress: null }];
      const [beaten] = await context.tasks.reportProgress(context.namespace, report, LEASE);
      expect(beaten).toMatchObject({ expiresAt: endAfter(8), isOver: false });
      context.clock.advance(Duration.ofSeconds(14));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: endAfter(8), isOver: false });
      context.clock.advance(Duration.ofSeconds(1));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: endAfter(8), isOver: true });
    });

    it('leaves the leases of other tasks alone', async () => {
      const task = await context.running({ runTimeout: Duration.ofSeconds(3600), queueTimeout: TEN });
      const now = context.clock.advance(Duration.ofSeconds(20));
      expect(await context.extend(leaseOf(task))).toMatchObject({ expiresAt: LEASE.addTo(now), isOver: false });
    });
  });
}
