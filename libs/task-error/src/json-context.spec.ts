import fc from 'fast-check';
import { toJsonContext } from './json-context.ts';
import { MAX_CONTEXT_BYTES } from './limits.ts';

describe('toJsonContext', () => {
  it('says in JSON what JSON has no word for', () => {
    const cycle: Record<string, unknown> = { name: 'self' };
    cycle['self'] = cycle;
    const unreadable = Object.defineProperty({ fine: 1 }, 'bad', {
      enumerable: true,
      get: () => JSON.parse('{') as unknown,
    });
    expect(
      toJsonContext({
        ...{
          big: 10n,
          date: new Date(0),
          nan: Number.NaN,
          zero: -0,
          none: undefined,
          nil: null,
          fn: () => 1,
          sym: Symbol('s'),
        },
        ...{
          map: new Map([['a', 1n]]),
          set: new Set([1]),
          error: new TypeError('bad'),
          bytes: new Uint8Array(3),
          list: [undefined],
        },
        ...{
          cycle,
          unreadable,
          toText: { toJSON: () => 'text' },
          broken: { toJSON: () => JSON.parse('{') as unknown },
        },
        ...{ nul: 'a\0b', half: '\ud800', twice: [cycle['name'], cycle['name']] },
      }),
    ).toStrictEqual({
      ...{
        big: '10',
        date: '1970-01-01T00:00:00.000Z',
        nan: 'NaN',
        zero: 0,
        nil: null,
        fn: '[Function]',
        sym: 'Symbol(s)',
      },
      ...{
        map: { a: '1' },
        set: [1],
        error: { name: 'TypeError', message: 'bad' },
        bytes: '[Uint8Array, 3 bytes]',
        list: [null],
      },
      ...{ cycle: { name: 'self', self: '[Circular]' }, unreadable: { fine: 1, bad: '[Unreadable]' } },
      ...{ toText: 'text', broken: '[Unreadable]', nul: 'a\uFFFDb', half: '\uFFFD', twice: ['self', 'self'] },
    });
  });

  it('keeps __proto__ a plain key', () => {
    const context = toJsonContext(JSON.parse('{"__proto__": {"admin": true}}'));
    expect(JSON.stringify(context)).toBe('{"__proto__":{"admin":true}}');
    expect(Object.getPrototypeOf(context)).toBe(Object.prototype);
  });

  it('leaves out what does not fit and says so', () => {
    const context = toJsonContext({ small: 1, large: Array.from({ length: 20_000 }, (_, n) => n), late: 2 });
    expect(context).toMatchObject({ small: 1, _truncated: true });
    expect(toJsonContext(Object.fromEntries(Array.from({ length: 1e5 }, (_, n) => [`k${n}`, n])))).toMatchObject({
      k0: 0,
      _truncated: true,
    });
  });

  it('fits, and comes out of itself and of JSON unchanged', () => {
    const big = fc.string({ unit: 'binary', minLength: 3000, maxLength: 6000 });
    const values = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      big,
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), values), (input) => {
        const context = toJsonContext(input);
        expect(Buffer.byteLength(JSON.stringify(context))).toBeLessThanOrEqual(MAX_CONTEXT_BYTES);
        expect(toJsonContext(context)).toStrictEqual(context);
        expect(toJsonContext(JSON.parse(JSON.stringify(context)))).toStrictEqual(context);
      }),
    );
  });
});
