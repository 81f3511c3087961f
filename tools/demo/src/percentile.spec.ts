import fc from 'fast-check';
import { percentile } from './percentile.ts';

test.each([
  [[15, 20, 35, 40, 50], 0.3, 20],
  [[15, 20, 35, 40, 50], 0.4, 20],
  [[15, 20, 35, 40, 50], 0.5, 35],
  [[15, 20, 35, 40, 50], 1, 50],
  [[15, 20, 35, 40, 50], 0, 15],
  [[100, 9], 0.99, 100],
  [[7], 0.5, 7],
])('of %j, %d of the values are at most %d', (values, p, expected) => {
  expect(percentile(values, p)).toBe(expected);
});

test('nothing has no percentile, and 50 is no share', () => {
  expect(percentile([], 0.5)).toBeNull();
  expect(() => percentile([1], 50)).toThrow(RangeError);
});

test('is the smallest value that enough values do not exceed', () => {
  const values = fc.array(fc.integer(), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (some, percent) => {
      const value = percentile(some, percent / 100) ?? NaN;
      const share = (limit: number) => some.filter((one) => one <= limit).length * 100;
      expect(some).toContain(value);
      expect(share(value)).toBeGreaterThanOrEqual(percent * some.length);
      for (const smaller of some.filter((one) => one < value))
        expect(share(smaller)).toBeLessThan(percent * some.length);
    }),
  );
});
