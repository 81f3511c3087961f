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

    describe('that say themselves how long they are kept', () => {
      const hour = Duration.ofSeconds(3600);
      /** A task that has just ended, for good or ill, with this retention. */
      const kept = async (retention: Duration, end: 'complete' | 'fail' | 'cancel' = 'complete') => {
        const task = await context.running({ retention });
        if (end === 'cancel') await context.tasks.cancelTask(task);
        if (end === 'complete') await context.complete(leaseOf(task));
        else await context.fail(leaseOf(task));
        return task.id;
      };
      const purge = async (limit = 100) => context.tasks.purgeRetainedTasks(limit);

      it('A9: deletes them when that is over, whatever others are kept for', async () => {
        const short = await kept(hour);
        const long = await kept(hour.times(48), 'fail');
        expect((await context.get(short)).retention).toEqual(hour);
        context.clock.advance(hour);
        expect(await purge()).toBe(0);
        context.clock.advance(Duration.ofMillis(1));
        expect(await purge()).toBe(1);
        expect(await leftIds()).toEqual([long]);
        context.clock.advance(hour.times(47));
        expect(await purge()).toBe(1);
        expect(await leftIds()).toEqual([]);
      });

      it('leaves them alone where all others go', async () => {
        const [plain] = await ended(1);
        const own = await kept(hour, 'cancel');
        context.clock.advance(hour.times(2));
        expect(await context.tasks.purgeTasks(context.clock.now(), 100)).toBe(1);
        expect(await leftIds()).toEqual([own]);
        expect(plain).not.toBe(own);
        expect(await purge()).toBe(1);
      });

      it('deletes those first that were to go first, so many at most', async () => {
        const late = await kept(hour.times(3));
        const early = await kept(hour);
        const middle = await kept(hour.times(2));
        context.clock.advance(hour.times(4));
        expect(await purge(1)).toBe(1);
        expect(await leftIds()).toEqual([late, middle].sort());
        expect(early).not.toBe(late);
        expect(await purge(1)).toBe(1);
        expect(await leftIds()).toEqual([late]);
        expect(await purge(5)).toBe(1);
      });

      it('counts from the last end of one that was redriven, and never touches what has not ended', async () => {
        const id = await kept(hour, 'fail');
        await context.tasks.redriveTask({ namespace: context.namespace, id });
        context.clock.advance(hour.times(2));
        expect(await purge()).toBe(0);
        const [again] = await context.claim();
        if (!again) throw new Error('it was not claimed');
        await context.complete(leaseOf(again));
        context.clock.advance(hour);
        expect(await purge()).toBe(0);
        context.clock.advance(second);
        expect(await purge()).toBe(1);
      });

      it('is not misled by what a dedup key looks like', async () => {
        const task = await context.running({ dedupKey: '"retention":"1s"', dedupWindow: 'WHILE_ACTIVE' });
        await context.complete(leaseOf(task));
        context.clock.advance(hour);
        expect(await purge()).toBe(0);
        expect(await context.tasks.purgeTasks(context.clock.now(), 100)).toBe(1);
      });
    });

    it('writes no event', async () => {
      await ended(2);
      await context.events();
      await context.tasks.purgeTasks(context.clock.now(), 100);
      expect(await context.events()).toEqual([]);
    });
  });
}
