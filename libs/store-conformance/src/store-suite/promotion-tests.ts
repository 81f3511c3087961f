import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';

/** What promoting due tasks must do. */
export function promotionTests(context: SuiteContext): void {
  describe('promoting due tasks', () => {
    const seconds = (count: number) => Duration.ofSeconds(count);

    it('does nothing where nothing waits', async () => {
      await context.create({});
      expect(await context.tasks.promoteDueTasks(10)).toEqual({ count: 0, queues: [], nextDueIn: null });
    });

    it('says when the next task is due', async () => {
      await context.create({ due: seconds(30) }, { due: seconds(10) });
      const waiting = await context.tasks.promoteDueTasks(10);
      expect(plain(waiting)).toEqual(plain({ count: 0, queues: [], nextDueIn: seconds(10) }));
      context.clock.advance(seconds(10));
      const promoted = await context.tasks.promoteDueTasks(10);
      const queues = [{ namespace: context.namespace, queue: 'default' }];
      expect(plain(promoted)).toEqual(plain({ count: 1, queues, nextDueIn: seconds(20) }));
    });

    it('names each queue with new work once', async () => {
      const wishes = ['a', 'b', 'a', 'c', 'b'].map((queue) => ({ queue, due: seconds(queue === 'c' ? 2 : 1) }));
      await context.create(...wishes);
      context.clock.advance(seconds(1));
      const { count, queues } = await context.tasks.promoteDueTasks(10);
      expect(count).toBe(4);
      const names = queues.map(({ namespace, queue }) => `${namespace} ${queue}`).sort();
      expect(names).toEqual([`${context.namespace} a`, `${context.namespace} b`]);
    });

    it('is not a change of the task', async () => {
      const id = await context.createOne({ due: seconds(1) });
      const before = await context.get(id);
      await context.events();
      context.clock.advance(seconds(1));
      await context.promote();
      expect(plain(await context.get(id))).toEqual(plain(before));
      expect(await context.events()).toEqual([]);
    });

    it('goes in chunks, oldest due first', async () => {
      const ids = await context.create(...[3, 1, 5, 2, 4].map((due) => ({ due: seconds(due) })));
      context.clock.advance(seconds(4));
      const claimedIds = async () => (await context.claim({ count: 10 })).map((task) => task.id).sort();

      const first = await context.tasks.promoteDueTasks(2);
      expect([first.count, plain(first.nextDueIn)]).toEqual([2, plain(Duration.ZERO)]);
      expect(await claimedIds()).toEqual([ids[1], ids[3]].sort());

      const second = await context.tasks.promoteDueTasks(2);
      expect([second.count, plain(second.nextDueIn)]).toEqual([2, plain(seconds(1))]);
      expect(await claimedIds()).toEqual([ids[0], ids[4]].sort());

      expect((await context.tasks.promoteDueTasks(2)).count).toBe(0);
      expect(await claimedIds()).toEqual([]);
    });

    it('promotes each of 1,000 tasks once, with 5 who do so at once', async () => {
      await context.createMany(1000, { due: seconds(1) });
      context.clock.advance(seconds(1));
      const promoters = Array.from({ length: 5 }, async () => {
        let promoted = 0;
        for (;;) {
          const { count } = await context.tasks.promoteDueTasks(70);
          if (count === 0) return promoted;
          promoted += count;
        }
      });
      const counts = await Promise.all(promoters);
      const rest = await context.tasks.promoteDueTasks(1000);
      expect(counts.reduce((sum, count) => sum + count, rest.count)).toBe(1000);
      expect(await context.claim({ count: 2000 })).toHaveLength(1000);
    });
  });
}
