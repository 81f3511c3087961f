import fc from 'fast-check';
import { hashedKey } from './dedup-key.ts';

const json = (text: string) => ({ data: new TextEncoder().encode(text), contentType: 'application/json' });
const keyOf = (text: string, type = 'a.b') => hashedKey(type, json(text));

/** The same value, its objects' keys in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]) => [key, turned(inner)])
      .toReversed(),
  );
}

describe('A3: the key of a task that names none', () => {
  it('does not depend on the order of keys, white space, or the way numbers and text are written', () => {
    expect(keyOf('{"a":1,"b":[true,null]}')).toBe(keyOf(' { "b" : [true, null], "a": 1.0 } '));
    expect(keyOf('{"a":"\\u00e9"}')).toBe(keyOf('{"a":"é"}'));
    expect(keyOf('[1e2]')).toBe(keyOf('[100]'));
    expect(keyOf('{}')).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('is the same for the same value, and another for another', () => {
    const values = fc.jsonValue({ maxDepth: 4 });
    fc.assert(fc.property(values, (value) => keyOf(JSON.stringify(value)) === keyOf(JSON.stringify(turned(value)))));
    const distinct = fc
      .tuple(values, values)
      .filter(([a, b]) => JSON.stringify(turned(a)) !== JSON.stringify(turned(b)));
    fc.assert(
      fc.property(distinct, ([a, b]) => {
        const alike = keyOf(JSON.stringify(a)) === keyOf(JSON.stringify(b));
        // Objects of the same members are alike in whatever order those were made.
        return !alike || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
      }),
    );
  });

  it.each([
    ['{"a":1}', '{"a":2}'],
    ['{"a":1}', '{"a":"1"}'],
    ['[1,2]', '[2,1]'],
    ['{"id":9007199254740993}', '{"id":9007199254740992}'],
    ['{"id":12345678901234567890}', '{"id":12345678901234567891}'],
  ])('tells %s from %s', (a, b) => {
    expect(keyOf(a)).not.toBe(keyOf(b));
  });

  it('depends on the type, and on the media type', () => {
    expect(keyOf('{}', 'a.b')).not.toBe(keyOf('{}', 'a.c'));
    const bytes = { data: Uint8Array.of(0xff, 0), contentType: 'application/octet-stream' };
    expect(hashedKey('a.b', bytes)).toBe(hashedKey('a.b', bytes));
    expect(hashedKey('a.b', bytes)).not.toBe(hashedKey('a.b', { ...bytes, contentType: 'image/png' }));
  });

  it.each(['', '{', '{"a":}', '\ud800', '[1,]', '"\\ud800"', '['.repeat(400_000)])('is none for %.20s', (text) => {
    expect(keyOf(text)).toBeUndefined();
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
