import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one } from './suite-values.ts';

/** What the figures for metrics must say. */
export function statsTests(context: SuiteContext): void {
  describe('counting what there is', () => {
    const seconds = (count: number) => Duration.ofSeconds(count);
    const stats = async () => {
      const own = (await context.tasks.stats()).filter(({ namespace }) => namespace === context.namespace);
      return plain([...own].sort((a, b) => (a.queue < b.queue ? -1 : 1)).map(({ namespace: _, ...rest }) => rest));
    };

    it('counts live tasks by queue and state', async () => {
      await context.create({ queue: 'a' }, { queue: 'a' }, { queue: 'a', due: seconds(60) }, { queue: 'b' });
      await context.claim({ queues: ['a'], count: 1 });
      context.clock.advance(seconds(5));
      expect(await stats()).toEqual(
        plain([
          { queue: 'a', ready: 1, scheduled: 1, running: 1, oldestReadyFor: seconds(5) },
          { queue: 'b', ready: 1, scheduled: 0, running: 0, oldestReadyFor: seconds(5) },
        ]),
      );
    });

    it('counts types apart where that is asked for', async () => {
      await context.create({ queue: 'a', type: 'x' }, { queue: 'a', type: 'y' }, { queue: 'b', type: 'x' });
      const byType = (await context.tasks.stats({ byType: true }))
        .filter(({ namespace }) => namespace === context.namespace)
        .map(({ queue, type, ready }) => [queue, type, ready].join(' '));
      expect([...byType].sort()).toEqual(['a x 1', 'a y 1', 'b x 1']);
      expect(await stats()).toHaveLength(2);
    });

    it('goes by when tasks were due, not by when they were created', async () => {
      await context.create({ due: seconds(10) });
      context.clock.advance(seconds(12));
      await context.promote();
      expect(await stats()).toEqual(
        plain([{ queue: 'default', ready: 1, scheduled: 0, running: 0, oldestReadyFor: seconds(2) }]),
      );
    });

    it('has nothing where nothing is left to do', async () => {
      await context.create({});
      await context.complete(leaseOf(one(await context.claim())));
      expect(await stats()).toEqual([]);
    });
  });
}
