import fc from 'fast-check';
import { Duration } from './duration.ts';
import type { DurationInput } from './duration-input.ts';
import { InvalidDurationError } from './invalid-duration-error.ts';

const MAX_NANOS = 315_576_000_000n * 1_000_000_000n;
const exact = fc.bigInt(-MAX_NANOS, MAX_NANOS).map((totalNanos) => Duration.from({ totalNanos }));
/** Lengths that 15 significant digits of seconds can say, which every number can carry. */
const numeric = fc.bigInt(-(10n ** 15n), 10n ** 15n).map((totalNanos) => Duration.from({ totalNanos }));
const any = fc.oneof(
  exact,
  numeric,
  fc.bigInt(-2_000_000_000n, 2_000_000_000n).map((totalNanos) => Duration.from({ totalNanos })),
);

describe('B2: Duration reads', () => {
  it.each<[DurationInput, string]>([
    [3600, '3600s'],
    [0.1, '0.1s'],
    [1.1, '1.1s'],
    [-2, '-2s'],
    [0, '0s'],
    ['1h30m', '5400s'],
    ['500ms', '0.5s'],
    ['1.5s', '1.5s'],
    ['0s', '0s'],
    ['-1h30m', '-5400s'],
    ['1w2d', '777600s'],
    [' 1h 30m ', '5400s'],
    ['250us', '0.00025s'],
    ['7µs', '0.000007s'],
    ['PT1H30M', '5400s'],
    ['P1DT2H', '93600s'],
    ['P2W', '1209600s'],
    ['PT0.5S', '0.5s'],
    ['PT0,5S', '0.5s'],
    ['-PT1M', '-60s'],
    ['PT-1H-30M', '-5400s'],
    ['5400s', '5400s'],
    [{ days: 1, hours: 2, minutes: 30 }, '95400s'],
    [{ hours: 1, minutes: -30 }, '1800s'],
    [{ milliseconds: 1.5 }, '0.0015s'],
    [{ hours: 1, minutes: undefined }, '3600s'],
    [{ seconds: 5n, nanos: 500_000_000 }, '5.5s'],
    [{ seconds: 5n }, '5s'],
    [{ seconds: -1n, nanos: -1 }, '-1.000000001s'],
    [{ type: 'timedelta', total_seconds: 3600.0 }, '3600s'],
    [{ type: 'timedelta', total_seconds: 0.000001 }, '0.000001s'],
    [315_576_000_000, '315576000000s'],
  ])('%j as %s', (input, json) => {
    expect(Duration.from(input).toJSON()).toBe(json);
  });

  it('nothing else, and says what it was given', () => {
    const refused: unknown[] = [
      ...[
        '',
        ' ',
        '5',
        '1x',
        'h',
        '1h-3m',
        '1h1h',
        '30m1h',
        '1.5h30m',
        '1e5s',
        'NaN',
        'Infinity',
        '1hello',
        '--1h',
        '-',
        '1H',
      ],
      ...[
        'P',
        'PT',
        'P1DT',
        'P1Y',
        'P1M',
        'P1H',
        'PT1D',
        'PT1.5H30M',
        'P-',
        '1h PT1H',
        '0.0000000001s',
        '1'.repeat(101),
      ],
      ...[
        Number.NaN,
        Infinity,
        -Infinity,
        1e-10,
        315_576_000_000.5,
        1e300,
        null,
        undefined,
        true,
        5n,
        [],
        [1],
        {},
        () => 1,
      ],
      ...[
        { hour: 1 },
        { hours: '1' },
        { hours: Number.NaN },
        { hours: undefined },
        { hours: 1, extra: 1 },
        { totalNanos: 1 },
      ],
      ...[
        { seconds: 1n, nanos: -1 },
        { seconds: 1.5, nanos: 0 },
        { seconds: 1n, nanos: 1e9 },
        { seconds: 1n, minutes: 1 },
      ],
      ...[
        { type: 'timedelta' },
        { type: 'other', total_seconds: 1 },
        { total_seconds: 1 },
        { type: 'timedelta', total_seconds: '1' },
      ],
      ...[
        { seconds: 315_576_000_001n, nanos: 0 },
        { totalNanos: MAX_NANOS + 1n },
        new Date(),
        '315576000001s',
        'P3652500001D',
      ],
    ];
    for (const input of refused) {
      const read = (): Duration => Duration.from(input as DurationInput);
      expect(read).toThrow(InvalidDurationError);
      expect(read).toThrow(/^Invalid duration .+: .+\. Accepted: "1h30m"/s);
    }
    expect(() => Duration.parse('1 fortnight')).toThrow('"1 fortnight": unknown unit "fortnight"');
    expect(() => Duration.of({})).toThrow('{}: it names no amount');
    expect(() => Duration.ofSeconds(Number.NaN)).toThrow('NaN is not a finite number');
  });

  it('any text either as a duration or with a clear error', () => {
    const alphabet = fc.constantFrom(...'0123456789.,-+ PTWDHMSwdhmsnuµ');
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: alphabet })), (text) => {
        try {
          const read = Duration.parse(text);
          expect(read.isZero && /[1-9]/.test(text) && !/[-+]/.test(text)).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidDurationError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('any value either as a duration or with a clear error', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withDate: true, withMap: true }),
        (value) => {
          try {
            Duration.from(value as DurationInput);
          } catch (error) {
            expect(error).toBeInstanceOf(InvalidDurationError);
          }
        },
      ),
    );
  });
});

describe('B2: Duration round trips', () => {
  const exactForms: Record<string, (duration: Duration) => DurationInput> = {
    human: (duration) => duration.toString(),
    iso: (duration) => duration.toISO(),
    json: (duration) => duration.toJSON(),
    proto: (duration) => duration.toProto(),
    exact: (duration) => ({ totalNanos: duration.totalNanos }),
  };
  const numericForms: Record<string, (duration: Duration) => DurationInput> = {
    seconds: (duration) => duration.toSeconds(),
    timedelta: (duration) => duration.toTimedelta(),
    'timedelta over JSON': (duration) => JSON.parse(JSON.stringify(duration.toTimedelta())) as DurationInput,
    parts: (duration) => ({ milliseconds: duration.toMillis() }),
  };
  const pairs = (forms: object): [string, string][] =>
    Object.keys(forms).flatMap((first) => Object.keys(forms).map((second): [string, string] => [first, second]));
  const allForms = { ...exactForms, ...numericForms };

  it.each(pairs(exactForms))('%s → %s, whatever the length', (first, second) => {
    fc.assert(fc.property(any, (duration) => survives(duration, first, second)));
  });

  it.each(pairs(allForms))('%s → %s, up to 15 digits', (first, second) => {
    fc.assert(fc.property(numeric, (duration) => survives(duration, first, second)));
  });

  it('a number of seconds stays the same number whenever it is a whole number of nanoseconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 6 }), (digits, places) => {
        const seconds = digits / 10 ** places;
        expect(Duration.ofSeconds(seconds).toSeconds()).toBe(seconds + 0);
      }),
    );
  });

  function survives(duration: Duration, first: string, second: string): void {
    const through = Duration.from(allForms[first]?.(duration) ?? Number.NaN);
    expect(Duration.from(allForms[second]?.(through) ?? Number.NaN).totalNanos).toBe(duration.totalNanos);
  }
});

describe('Duration prints', () => {
  it.each([
    ['1h30m', 'PT1H30M', '5400s'],
    ['1d2h', 'P1DT2H', '93600s'],
    ['1d', 'P1D', '86400s'],
    ['1m30.5s', 'PT1M30.5S', '90.5s'],
    ['500ms', 'PT0.5S', '0.5s'],
    ['1.5us', 'PT0.0000015S', '0.0000015s'],
    ['3ns', 'PT0.000000003S', '0.000000003s'],
    ['0s', 'PT0S', '0s'],
    ['-1.5s', '-PT1.5S', '-1.5s'],
  ])('%s, %s, %s', (human, iso, json) => {
    const duration = Duration.parse(human);
    expect([duration.toString(), duration.toISO(), JSON.parse(JSON.stringify(duration))]).toEqual([human, iso, json]);
  });

  it('as the wire forms have it', () => {
    expect(Duration.parse('-1.5s').toProto()).toEqual({ seconds: -1n, nanos: -500_000_000 });
    expect(Duration.parse('1h').toTimedelta()).toEqual({ type: 'timedelta', total_seconds: 3600 });
    expect(Duration.ofMillis(1500).toMillis()).toBe(1500);
  });
});

describe('Duration calculates', () => {
  it('orders like the lengths themselves', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(a.compareTo(b)).toBe(a.totalNanos < b.totalNanos ? -1 : a.totalNanos > b.totalNanos ? 1 : 0);
        expect(a < b).toBe(a.compareTo(b) === -1);
        expect(a.equals(b)).toBe(a.compareTo(b) === 0);
      }),
    );
  });

  it('adds and multiplies exactly', () => {
    fc.assert(
      fc.property(numeric, numeric, fc.integer({ min: -1000, max: 1000 }), (a, b, factor) => {
        expect(a.plus(b).totalNanos).toBe(a.totalNanos + b.totalNanos);
        expect(a.times(factor).totalNanos).toBe(a.totalNanos * BigInt(factor));
      }),
    );
    expect(Duration.parse('10s').times(1.1).toString()).toBe('11s');
    expect(Duration.parse('-1s').times(0.25).toString()).toBe('-250ms');
    expect(() => Duration.parse('1s').times(Number.NaN)).toThrow(InvalidDurationError);
    expect(() => Duration.ofSeconds(315_576_000_000).plus(Duration.parse('1ns'))).toThrow('out of range');
    expect(() => Duration.ofSeconds(315_576_000_000).times(2)).toThrow('out of range');
  });

  it('moves instants, never standing still', () => {
    const noon = new Date('2026-03-01T12:00:00Z');
    expect(Duration.parse('1d').addTo(noon)).toEqual(new Date('2026-03-02T12:00:00Z'));
    expect(Duration.parse('1ns').addTo(noon).getTime()).toBe(noon.getTime() + 1);
    expect(Duration.parse('-1ns').addTo(noon).getTime()).toBe(noon.getTime() - 1);
    expect(Duration.ZERO.addTo(noon)).toEqual(noon);
    expect(() => Duration.ZERO.addTo(new Date(Number.NaN))).toThrow(RangeError);
    expect(() => Duration.parse('1s').addTo(new Date(8.64e15))).toThrow(RangeError);
  });

  it('knows zero and negative', () => {
    expect([Duration.ZERO.isZero, Duration.ZERO.isNegative]).toEqual([true, false]);
    expect([Duration.parse('-1s').isZero, Duration.parse('-1s').isNegative]).toEqual([false, true]);
  });

  it('never changes', () => {
    const duration = Duration.parse('1s');
    expect(() => Object.assign(duration, { totalNanos: 0n })).toThrow(TypeError);
    expect(Duration.from(duration)).toBe(duration);
  });
});
