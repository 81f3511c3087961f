import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { afterClaim, afterOldClaim, NOTHING_CLAIMED, oldComeFirst } from './ageing.ts';

const start = new Date('2026-03-01T12:00:00.000Z');

describe('A4: an ageing bound, so that nothing starves', () => {
  it.each(['PRIORITY', 'LIFO'] as const)('%s: under load every tenth claim goes to old tasks first', (strategy) => {
    let ageing = NOTHING_CLAIMED;
    const turns = Array.from({ length: 30 }, () => {
      const isOld = oldComeFirst(ageing, strategy, start);
      ageing = isOld ? afterOldClaim(true, start) : afterClaim(ageing, true);
      return isOld;
    });
    expect(turns.flatMap((isOld, index) => (isOld ? [index] : []))).toEqual([9, 19, 29]);
  });

  it('never by FIFO, nor while claims do not fill up', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (claims) => {
        let ageing = NOTHING_CLAIMED;
        for (const filledUp of claims) {
          expect(oldComeFirst(ageing, 'FIFO', start)).toBe(false);
          ageing = afterClaim(ageing, filledUp);
          if (!filledUp) expect(oldComeFirst(ageing, 'PRIORITY', start)).toBe(false);
        }
      }),
    );
  });

  it('where there are no old tasks nobody looks for them again for five seconds', () => {
    let ageing = afterOldClaim(false, start);
    for (let claim = 0; claim < 50; claim += 1) ageing = afterClaim(ageing, true);
    expect(oldComeFirst(ageing, 'PRIORITY', Duration.ofMillis(4999).addTo(start))).toBe(false);
    expect(oldComeFirst(ageing, 'PRIORITY', Duration.ofSeconds(5).addTo(start))).toBe(true);
  });
});
