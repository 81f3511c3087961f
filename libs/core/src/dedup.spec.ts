import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { holdKey, isKeyHeld, mayRedrive, takesKeyBack, type DedupWindow } from './dedup.ts';

const now = new Date('2026-03-01T12:00:00Z');
const windows = fc.oneof(
  fc.constantFrom<DedupWindow[]>('WHILE_ACTIVE', 'FOREVER'),
  fc.integer({ min: 1, max: 100_000 }).map((millis) => Duration.ofMillis(millis)),
);

describe('A3: a dedup key', () => {
  it('is held by an active task in any window, until its time is over', () => {
    fc.assert(
      fc.property(windows, fc.boolean(), fc.nat(200_000), (window, isLive, elapsed) => {
        const later = new Date(now.getTime() + elapsed);
        const held = isKeyHeld(holdKey('a', window, now), isLive, later);
        const expected = window === 'FOREVER' || (window === 'WHILE_ACTIVE' ? isLive : elapsed < window.toMillis());
        expect(held).toBe(expected);
      }),
    );
  });

  it('keeps another task from being redriven exactly while it is held because its holder is active', () => {
    fc.assert(
      fc.property(windows, fc.boolean(), fc.constantFrom('a', 'b'), (window, isLive, id) => {
        const hold = holdKey('a', window, now);
        expect(mayRedrive(id, hold, isLive)).toBe(id === 'a' || window !== 'WHILE_ACTIVE' || !isLive);
        expect(takesKeyBack(id, hold)).toBe(id === 'b' && window === 'WHILE_ACTIVE');
      }),
    );
    expect(mayRedrive('a', undefined, true)).toBe(true);
    expect(takesKeyBack('a', undefined)).toBe(false);
  });
});
