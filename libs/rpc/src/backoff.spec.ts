import fc from 'fast-check';
import { reconnectDelay } from './backoff.ts';

describe('reconnectDelay', () => {
  it('doubles from 50 ms up to 5 s', () => {
    expect([1, 2, 3, 8, 100].map((failures) => reconnectDelay(failures, 1).toMillis())).toEqual([
      50, 100, 200, 5_000, 5_000,
    ]);
  });

  it('lies between half and the whole of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const whole = reconnectDelay(failures, 1).toMillis();
          const delay = reconnectDelay(failures, random).toMillis();
          expect(delay).toBeGreaterThanOrEqual(whole / 2);
          expect(delay).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });
});
