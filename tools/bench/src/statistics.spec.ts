import fc from 'fast-check';
import { median, percentile } from './statistics.ts';

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });

test('a percentile is one of the values, and at least that share of them is at or below it', () => {
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (some, share) => {
      const found = percentile(some, share);
      expect(some).toContain(found);
      expect(some.filter((value) => value <= found).length).toBeGreaterThanOrEqual(some.length * share);
    }),
  );
});

test('percentiles of a hundred values', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0, 0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 95, 99, 100]);
});

test('the median is in the middle, whatever the order', () => {
  expect(median([3])).toBe(3);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 100, 2])).toBe(3);
});

test('nothing has no percentile', () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
  expect(() => median([])).toThrow(RangeError);
});
