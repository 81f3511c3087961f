import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf } from './suite-values.ts';

/** What purging ended tasks must do. */
export function purgeTests(context: SuiteContext): void {
  describe('purging tasks', () => {
    const second = Duration.ofSeconds(1);

    /** Tasks that ended one second after the other, in the order of their ids. */
    const ended = async (count: number) => {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const task = await context.running();
        if (index % 3 === 0) await context.complete(leaseOf(task));
        else if (index % 3 === 1) await context.fail(leaseOf(task));
        else {
          await context.tasks.cancelTask(task);
          await context.release(leaseOf(task));
        }
        ids.push(task.id);
        context.clock.advance(second);
      }
      return ids;
    };
    const leftIds = async () => (await context.list()).map(({ id }) => id).sort();

    it('deletes those that ended before a time', async () => {
      const start = context.clock.now();
      const ids = await ended(4);
      expect(await context.tasks.purgeTasks(start, 100)).toBe(0);
      // The third ended exactly then, so not before.
      expect(await context.tasks.purgeTasks(Duration.ofSeconds(2).addTo(start), 100)).toBe(2);
      expect(await leftIds()).toEqual([...ids.slice(2)].sort());
    });

    it('deletes the oldest first, so many at most', async () => {
      const ids = await ended(5);
      expect(await context.tasks.purgeTasks(context.clock.now(), 2)).toBe(2);
      expect(await leftIds()).toEqual([...ids.slice(2)].sort());
      expect(await context.tasks.purgeTasks(context.clock.now(), 2)).toBe(2);
      expect(await context.tasks.purgeTasks(context.clock.now(), 2)).toBe(1);
      expect(await context.tasks.purgeTasks(context.clock.now(), 2)).toBe(0);
      expect(await leftIds()).toEqual([]);
    });

    it('never deletes what has not ended, or is to run again', async () => {
      await context.create({ queue: 'idle' });
      await context.create({ queue: 'idle', due: Duration.ofSeconds(5) });
      await context.running();
      const [, failed] = await ended(2);
      await context.tasks.redriveTask({ namespace: context.namespace, id: failed ?? '' });
      context.clock.advance(Duration.of({ days: 365 }));
      expect(await context.tasks.purgeTasks(context.clock.now(), 100)).toBe(1);
      expect(await context.list()).toHaveLength(4);
    });

    it('A12: takes only those that ended as is asked for, however many others are older', async () => {
      const ids = await ended(6);
      expect(await context.tasks.purgeTasks(context.clock.now(), 1, ['FAILED'])).toBe(1);
      expect(await context.tasks.purgeTasks(context.clock.now(), 10, ['FAILED', 'CANCELLED'])).toBe(3);
      expect(await leftIds()).toEqual([ids[0], ids[3]].sort());
    });

    it('writes no event', async () => {
      await ended(2);
      await context.events();
      await context.tasks.purgeTasks(context.clock.now(), 100);
      expect(await context.events()).toEqual([]);
    });
  });
}
