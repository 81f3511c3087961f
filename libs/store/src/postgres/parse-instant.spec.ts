import fc from 'fast-check';
import { parseInstant } from './parse-instant.ts';

test.each([
  ['2026-01-31 12:00:00+00', '2026-01-31T12:00:00.000Z'],
  ['2026-01-31 12:00:00.5+00', '2026-01-31T12:00:00.500Z'],
  ['2024-02-29 23:59:59.05+00', '2024-02-29T23:59:59.050Z'],
  ['1969-12-31 23:59:59.999999+00', '1969-12-31T23:59:59.999Z'],
  ['0044-03-15 12:00:00+00', '0044-03-15T12:00:00.000Z'],
  ['12026-01-31 12:00:00.123+00', '+012026-01-31T12:00:00.123Z'],
])('%s', (text, iso) => {
  expect(new Date(parseInstant(text)).toISOString()).toBe(iso);
});

test('reads whatever PostgreSQL writes', () => {
  const instants = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('+020000-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, fc.nat({ max: 999 }), (date, micros) => {
      expect(parseInstant(asPostgresDoes(date, micros))).toBe(date.getTime());
    }),
    { numRuns: 2_000 },
  );
});

/** Without a sign before the year, more than four digits only where there are, and no zeros at the end of the fraction. */
function asPostgresDoes(date: Date, micros: number): string {
  const [day = '', time = ''] = date.toISOString().slice(0, -1).split('T');
  const fraction = `${time.slice(8)}${String(micros).padStart(3, '0')}`.replace(/\.?0+$/, '');
  return `${day.replace(/^\+0*/, '')} ${time.slice(0, 8)}${fraction}+00`;
}
