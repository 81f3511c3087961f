import { claimTask } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, RETRY_NOW, leaseOf, one } from './suite-values.ts';

/** What claiming must do, apart from the order. */
export function claimTests(context: SuiteContext): void {
  describe('claiming tasks', () => {
    it('changes a task as the pure command does', async () => {
      const before = await context.get(await context.createOne());
      context.clock.advance(Duration.ofSeconds(3));
      const claimed = one(await context.claim({ slots: ['worker-7'] }));
      const lease = { workerId: 'worker-7', token: claimed.leaseToken ?? '', duration: LEASE };
      expect(plain(claimed)).toEqual(plain(claimTask(before, lease, context.clock.now()).task));
      expect(plain(await context.get(before.id))).toEqual(plain(claimed));
      expect(claimed.leaseToken).not.toBe('');
    });

    it('gives nothing where there is nothing', async () => {
      expect(await context.claim({ count: 10 })).toEqual([]);
      await context.create({ queue: 'other' });
      expect(await context.claim({ count: 10 })).toEqual([]);
      expect(await context.claim({ queues: [] })).toEqual([]);
      expect(await context.claim({ queues: ['other'], slots: [] })).toEqual([]);
    });

    it('never gives a task of another namespace', async () => {
      await context.create({});
      expect(await context.claim({ namespace: `${context.namespace}-other`, count: 10 })).toEqual([]);
    });

    it('gives one task for each slot at most, to the workers in the order of the slots', async () => {
      const ids = await context.createMany(5);
      const slots = ['b', 'a', 'b', 'c'];
      const claimed = await context.claim({ slots });
      expect(claimed.map((task) => task.id)).toEqual([...ids].sort().slice(0, 4));
      expect(claimed.map((task) => task.workerId)).toEqual(slots);
    });

    it('takes from several queues as if they were one', async () => {
      const wishes = ['a', 'b', 'c', 'b', 'a', 'c', 'a'].map((queue) => ({ queue }));
      const ids: string[] = [];
      for (const wish of wishes) {
        ids.push(await context.createOne(wish));
        context.clock.advance(Duration.ofMillis(1));
      }
      const fromTwo = ids.filter((_, index) => wishes[index]?.queue !== 'c');
      const claimed = await context.claim({ queues: ['b', 'a'], count: 4 });
      expect(claimed.map((task) => task.id)).toEqual(fromTwo.slice(0, 4));
    });

    it('counts a queue that is named twice once', async () => {
      await context.createMany(2);
      expect(await context.claim({ queues: ['default', 'default'], count: 4 })).toHaveLength(2);
    });

    it('keeps to the types that are wanted', async () => {
      const types = ['mail', 'mail.send', 'mail.send.now', 'mailer.send', 'Mail.send', 'm_il.send', 'pay.out'];
      const claimedTypes = async (wanted: readonly string[]) => {
        await context.create(...types.map((type) => ({ type })));
        const claimed = await context.claim({ types: wanted, count: 100 });
        await context.end();
        return claimed.map((task) => task.type).sort();
      };
      expect(await claimedTypes([])).toEqual([...types].sort());
      expect(await claimedTypes(['mail.send'])).toEqual(['mail.send']);
      expect(await claimedTypes(['mail.*'])).toEqual(['mail.send', 'mail.send.now']);
      expect(await claimedTypes(['m_il.*'])).toEqual(['m_il.send']);
      expect(await claimedTypes(['mail.*', 'mail.send', 'pay.out'])).toEqual(['mail.send', 'mail.send.now', 'pay.out']);
      expect(await claimedTypes(['mail%'])).toEqual([]);
    });

    it('never gives a task before its time', async () => {
      await context.create({ due: Duration.ofSeconds(10) });
      expect(await context.claim()).toEqual([]);
      context.clock.advance(Duration.ofMillis(9999));
      await context.promote();
      expect(await context.claim()).toEqual([]);
      context.clock.advance(Duration.ofMillis(1));
      await context.promote();
      expect(await context.claim()).toHaveLength(1);
    });

    it('never gives a task that is running or has ended', async () => {
      const [first, second, third] = (await context.createMany(3)).length ? await context.claim({ count: 3 }) : [];
      if (first) await context.complete(leaseOf(first));
      if (second) await context.fail(leaseOf(second));
      expect(third?.status).toBe('RUNNING');
      expect(await context.claim({ count: 10 })).toEqual([]);
    });

    it('makes a new token for each lease', async () => {
      const tokens = new Set<string>();
      await context.create({});
      for (let attempt = 1; attempt <= 4; attempt += 1) {
        const task = one(await context.claim());
        expect(task.attempt).toBe(attempt);
        tokens.add(leaseOf(task).token);
        await context.fail(leaseOf(task), RETRY_NOW);
      }
      expect(tokens.size).toBe(4);
    });

    it('never gives one task to two of 10 who claim 1,000 tasks at once', async () => {
      const ids = await context.createMany(1000);
      const claimers = Array.from({ length: 10 }, async (_, claimer) => {
        const claimed: string[] = [];
        for (;;) {
          const slots = Array.from({ length: 7 }, () => `claimer-${claimer}`);
          const tasks = await context.claim({ slots });
          if (tasks.length === 0) return claimed;
          expect(tasks.every((task) => task.workerId === `claimer-${claimer}` && task.attempt === 1)).toBe(true);
          claimed.push(...tasks.map((task) => task.id));
        }
      });
      const claimed = (await Promise.all(claimers)).flat();
      // A claim that meets only rows which others are just claiming may come back empty; what is left is there for the next.
      for (const task of await context.claim({ count: 1000 })) claimed.push(task.id);
      expect(claimed).toHaveLength(1000);
      expect([...claimed].sort()).toEqual([...ids].sort());
      const kinds = await context.eventKinds();
      expect(kinds.filter((kind) => kind === 'started')).toHaveLength(1000);
    });
  });
}
