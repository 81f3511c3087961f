import { failTask, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, NO_MORE, RETRY_NOW, leaseOf, one, taskError } from './suite-values.ts';

/** What must become of leases that run out. */
export function expiryTests(context: SuiteContext): void {
  describe('expired leases', () => {
    const takeBack = async (task: Task, decision: typeof RETRY_NOW = RETRY_NOW) => {
      const failure = { lease: leaseOf(task), error: taskError(), decision, ifExpiresAt: task.leaseExpiresAt };
      return one(await context.tasks.failTasks(context.namespace, [failure]));
    };

    it('are listed from the moment they run out', async () => {
      const task = await context.running();
      context.clock.set(new Date(LEASE.addTo(context.clock.now()).getTime() - 1));
      expect(await context.expired()).toEqual([]);
      context.clock.advance(Duration.ofMillis(1));
      expect(plain(await context.expired())).toEqual(plain([task]));
    });

    it('are listed longest ago first, so many at most', async () => {
      await context.createMany(6);
      const ids: string[] = [];
      for (const seconds of [40, 10, 30, 60, 20]) {
        const task = one(await context.claim({ leaseDuration: Duration.ofSeconds(seconds) }));
        ids.push(task.id);
      }
      context.clock.advance(Duration.ofSeconds(40));
      const expected = [ids[1], ids[4], ids[2], ids[0]];
      expect((await context.tasks.listExpiredLeases(100)).map(({ id }) => id)).toEqual(expected);
      expect((await context.tasks.listExpiredLeases(2)).map(({ id }) => id)).toEqual(expected.slice(0, 2));
    });

    it('are not those of tasks that have ended or were handed back', async () => {
      await context.createMany(3);
      const [first, second, third] = await context.claim({ count: 3 });
      if (!first || !second || !third) throw new Error('three tasks were expected');
      await context.complete(leaseOf(first));
      await context.fail(leaseOf(second));
      await context.release(leaseOf(third));
      context.clock.advance(LEASE);
      expect(await context.expired()).toEqual([]);
    });

    it('are taken back as the pure command says', async () => {
      await context.running();
      context.clock.advance(LEASE);
      const task = one(await context.expired());
      expect(await takeBack(task)).toEqual({ taskId: task.id, status: 'PENDING', refusal: null });
      const expected = failTask(task, leaseOf(task).token, taskError(), RETRY_NOW, context.clock.now()).task;
      expect(plain(await context.get(task.id))).toEqual(plain(expected));
      expect(await context.expired()).toEqual([]);
      expect(one(await context.claim()).attempt).toBe(2);
    });

    it('end the task when no attempt is left', async () => {
      const task = await context.running();
      context.clock.advance(LEASE);
      expect((await takeBack(task, NO_MORE)).status).toBe('FAILED');
    });

    it('are not taken back when they were extended meanwhile', async () => {
      await context.running();
      context.clock.advance(LEASE);
      const seen = one(await context.expired());
      await context.extend(leaseOf(seen));
      const before = await context.get(seen.id);
      await context.events();
      expect((await takeBack(seen)).refusal?.reason).toBe('LEASE_LOST');
      expect(plain(await context.get(seen.id))).toEqual(plain(before));
      expect(await context.events()).toEqual([]);
      expect((await context.complete(leaseOf(seen))).status).toBe('SUCCEEDED');
    });

    it('are taken back once by two who try', async () => {
      const task = await context.running();
      context.clock.advance(LEASE);
      const outcomes = await Promise.all([takeBack(task), takeBack(task), takeBack(task)]);
      expect(outcomes.filter(({ status }) => status === 'PENDING')).toHaveLength(1);
      expect(outcomes.filter(({ refusal }) => refusal?.reason === 'LEASE_LOST')).toHaveLength(2);
      expect(await context.eventKinds()).toEqual(['created', 'started', 'retry_scheduled']);
    });

    it('end as one thing or the other when taken back while the task is completed', async () => {
      await context.createMany(50);
      const tasks = await context.claim({ count: 50 });
      context.clock.advance(LEASE);
      const both = await Promise.all(
        tasks.map(async (task) => Promise.all([takeBack(task), context.complete(leaseOf(task))])),
      );
      for (const [back, done] of both) {
        const status = (await context.get(back.taskId)).status;
        expect([back.status, done.status]).toEqual(status === 'PENDING' ? ['PENDING', null] : [null, 'SUCCEEDED']);
      }
    });
  });
}
