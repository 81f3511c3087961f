import { CLAIM_STRATEGIES, claimOrder, type ClaimStrategy } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';
import { RETRY_NOW, leaseOf, one } from './suite-values.ts';

/** In what order tasks must be claimed. */
export function claimOrderTests(context: SuiteContext): void {
  describe('A4: the order of claims', () => {
    const create = async (wishes: readonly (readonly [id: string, priority: number, second: number])[]) => {
      const start = context.clock.now();
      for (const [id, priority, second] of [...wishes].sort((a, b) => a[2] - b[2])) {
        context.clock.set(Duration.ofSeconds(second).addTo(start));
        await context.create({ id, priority, idIsCallers: true });
      }
    };
    const claimedIds = async (strategy: ClaimStrategy) =>
      (await context.claim({ strategy, count: 100 })).map((task) => task.id);

    // The bytes of ids decide, not what a locale says of letters.
    const wishes = [
      ['b', 0, 1],
      ['B', 5, 1],
      ['_', 0, 1],
      ['a', -3, 1],
      ['Z', 0, 2],
      ['c', 5, 2],
      ['-', 0, 3],
      ['A', -3, 0],
      ['10', 5, 2],
      ['9', 5, 2],
    ] as const;

    it('FIFO: oldest first, ties by id', async () => {
      await create(wishes);
      expect(await claimedIds('FIFO')).toEqual(['A', 'B', '_', 'a', 'b', '10', '9', 'Z', 'c', '-']);
    });

    it('LIFO: the exact reverse', async () => {
      await create(wishes);
      expect(await claimedIds('LIFO')).toEqual(['-', 'c', 'Z', '9', '10', 'b', 'a', '_', 'B', 'A']);
    });

    it('PRIORITY: highest priority first, then as FIFO', async () => {
      await create(wishes);
      expect(await claimedIds('PRIORITY')).toEqual(['B', '10', '9', 'c', '_', 'b', 'Z', '-', 'A', 'a']);
    });

    it.each(CLAIM_STRATEGIES)(
      '%s over many tasks, queues and claims is that of the pure function',
      async (strategy) => {
        for (let round = 0; round < 10; round += 1) {
          const many = Array.from({ length: 30 }, (_, index) => ({
            queue: index % 3 === 0 ? 'left' : 'right',
            priority: ((index * 7 + round * 3) % 5) - 2,
          }));
          await context.create(...many);
          context.clock.advance(Duration.ofMillis(round % 2));
        }
        const expected = [...(await context.list())].sort(claimOrder(strategy)).map((task) => task.id);
        const claimed: string[] = [];
        for (let round = 0; round < 20; round += 1) {
          const tasks = await context.claim({ strategy, queues: ['left', 'right'], count: 15 });
          claimed.push(...tasks.map((task) => task.id));
        }
        expect(claimed).toEqual(expected);
      },
    );

    it('a task that is tried again keeps its place', async () => {
      const first = await context.running();
      context.clock.advance(Duration.ofSeconds(1));
      await context.create({});
      await context.fail(leaseOf(first), RETRY_NOW);
      expect(one(await context.claim()).id).toBe(first.id);
    });

    it('the highest and lowest priorities there are', async () => {
      await create([
        ['low', -2147483648, 0],
        ['high', 2147483647, 1],
        ['middle', 0, 0],
      ]);
      expect(await claimedIds('PRIORITY')).toEqual(['high', 'middle', 'low']);
    });
  });
}
