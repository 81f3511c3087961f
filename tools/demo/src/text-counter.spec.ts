import fc from 'fast-check';
import { NotUtf8Error, TextCounter } from './text-counter.ts';

test('pieces make no difference, wherever a text is cut', () => {
  const pieces = fc.array(fc.constantFrom('a', 'é', '漢', '😀', ' ', '\n', '\t', '\u00a0', '\u2003', '\u0001'));
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(400)), (characters, cuts) => {
      const text = characters.join('');
      const bytes = new TextEncoder().encode(text);
      const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
      const counter = new TextCounter();
      let from = 0;
      for (const end of ends) {
        counter.add(bytes.subarray(from, end));
        from = end;
      }
      const words = text.split(/[\s\u00a0]+/).filter((word) => /[^\u0001]/.test(word));
      expect(counter.end()).toEqual({ lines: text.split('\n').length - 1, words: words.length });
    }),
  );
});

test.each([
  ['an overlong form', [0xc0, 0xaf]],
  ['a surrogate', [0xed, 0xa0, 0x80]],
  ['a stray continuation', [0x61, 0x80]],
])('%s is no text', (_, bytes) => {
  expect(() => new TextCounter().add(Uint8Array.from(bytes))).toThrow(NotUtf8Error);
});

test('half a character at the end is no text', () => {
  const counter = new TextCounter();
  counter.add(Uint8Array.from([0xe6, 0xbc]));
  expect(() => counter.end()).toThrow(NotUtf8Error);
});
