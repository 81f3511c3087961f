import fc from 'fast-check';
import type { HeldLease } from './lease-table.ts';
import { survey } from './lease-keeper.ts';

const lease = (goodUntil: number) => ({ goodUntil }) as HeldLease;

describe('survey', () => {
  it('finds what is lost by now, and looks again at the next extension or the next loss', () => {
    const [past, now, later] = [lease(9), lease(10), lease(11)];
    expect(survey([past, now, later], 10, 20)).toEqual({ lost: [past, now], lookAgainAt: 11 });
    expect(survey([later], 10, 10.5)).toEqual({ lost: [], lookAgainAt: 10.5 });
  });

  it('never looks again later than a lease that is still good runs out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100)), fc.nat(100), fc.nat(100), (ends, now, nextExtension) => {
        const { lost, lookAgainAt } = survey(ends.map(lease), now, nextExtension);
        expect(lost).toHaveLength(ends.filter((end) => end <= now).length);
        for (const end of ends) expect(end <= now || lookAgainAt <= end).toBe(true);
      }),
    );
  });
});
