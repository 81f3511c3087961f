import fc from 'fast-check';
import { SortedList } from './sorted-list.ts';

const ascending = (a: number, b: number) => a - b;

describe('a sorted list', () => {
  it('holds what a sorted array holds, whatever is added and removed', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(3000)), { maxLength: 3000, size: 'max' });
    fc.assert(
      fc.property(steps, fc.nat(3000), (changes, mark) => {
        const list = new SortedList<number>(ascending);
        const expected = new Set<number>();
        for (const [adds, item] of changes) {
          if (!adds) list.remove(item);
          else if (!expected.has(item)) list.add(item);
          if (adds) expected.add(item);
          else expected.delete(item);
        }
        const sorted = [...expected].sort(ascending);
        expect([...list]).toEqual(sorted);
        expect([...list.backwards()]).toEqual(sorted.toReversed());
        expect([...list.before(mark)]).toEqual(sorted.filter((item) => item < mark).toReversed());
        expect([list.size, list.first]).toEqual([sorted.length, sorted[0]]);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps its order over many blocks', () => {
    const list = new SortedList<number>(ascending);
    for (let item = 0; item < 20_000; item += 1) list.add((item * 7919) % 20_000);
    expect([...list]).toEqual(Array.from({ length: 20_000 }, (_, item) => item));
    for (let item = 0; item < 20_000; item += 2) list.remove(item);
    expect([list.size, list.first]).toEqual([10_000, 1]);
    expect([...list.before(101)].slice(0, 2)).toEqual([99, 97]);
  });
});
