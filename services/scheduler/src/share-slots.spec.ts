import fc from 'fast-check';
import { Duration } from '@orrery/duration';
import type { Claimer } from './claimer.ts';
import { shareSlots } from './share-slots.ts';

function claimer(workerId: string, wanted: number): Claimer {
  const options = {
    namespace: 'default',
    workerId,
    queues: ['default'],
    types: [],
    strategy: 'FIFO',
    leaseDuration: Duration.ofSeconds(30),
  } as const;
  return { options, wanted: () => wanted, deliver: () => true };
}

describe('shareSlots', () => {
  it('gives one slot to each in turn', () => {
    const [a, b, c] = [claimer('a', 3), claimer('b', 1), claimer('c', 2)];
    const names = shareSlots([a, b, c], 10, 0).map(({ options }) => options.workerId);
    expect(names).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
  });

  it('begins where it is told, so that no one is always first', () => {
    const names = shareSlots([claimer('a', 5), claimer('b', 5)], 3, 1).map(({ options }) => options.workerId);
    expect(names).toEqual(['b', 'a', 'b']);
  });

  it('never gives anybody more than it wants, nor more than the limit, and leaves nothing unused', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 12 }), fc.nat(60), fc.nat(100), (wants, limit, first) => {
        const claimers = wants.map((wanted, i) => claimer(String(i), wanted));
        const slots = shareSlots(claimers, limit, first);
        const total = wants.reduce((sum, wanted) => sum + wanted, 0);
        expect(slots).toHaveLength(Math.min(total, limit));
        claimers.forEach((one, i) => {
          expect(slots.filter((slot) => slot === one).length).toBeLessThanOrEqual(wants[i] ?? 0);
        });
      }),
    );
  });
});
