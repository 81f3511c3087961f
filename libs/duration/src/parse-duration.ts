import { multiplyDecimal } from './decimal.ts';
import { InvalidDurationError } from './invalid-duration-error.ts';
import { NANOS } from './units.ts';

/** Largest first: components must come in this order. */
const HUMAN_UNITS: readonly (readonly [name: string, nanos: bigint])[] = [
  ['w', NANOS.week],
  ['d', NANOS.day],
  ['h', NANOS.hour],
  ['m', NANOS.minute],
  ['s', NANOS.second],
  ['ms', NANOS.millisecond],
  ['us', NANOS.microsecond],
  ['ns', NANOS.nanosecond],
];

const HUMAN_COMPONENT = /\s*(\d+(?:\.\d+)?)\s*([^\s\d.+-]+)/y;
const NUMBER = '([+-]?\\d+(?:[.,]\\d+)?)';
const ISO = new RegExp(
  `^([+-]?)P(?:${NUMBER}W)?(?:${NUMBER}D)?(?:T(?=[+-]?\\d)(?:${NUMBER}H)?(?:${NUMBER}M)?(?:${NUMBER}S)?)?$`,
  'i',
);
const ISO_UNITS = [NANOS.week, NANOS.day, NANOS.hour, NANOS.minute, NANOS.second] as const;

/** Nobody writes a longer one; the bound keeps hostile input from becoming a huge number. */
const MAX_LENGTH = 100;

/** Reads `"1h30m"` and ISO 8601 `"PT1H30M"` as nanoseconds; anything else is an {@link InvalidDurationError}. */
export function parseDuration(input: string): bigint {
  const text = input.trim();
  if (text === '') throw new InvalidDurationError(input, 'it is empty');
  if (text.length > MAX_LENGTH) throw new InvalidDurationError(input, `it is longer than ${MAX_LENGTH} characters`);
  return /^[+-]?P/i.test(text) ? parseIso(input, text) : parseHuman(input, text);
}

function parseIso(input: string, text: string): bigint {
  const match = ISO.exec(text);
  if (!match) {
    const calendar = /^[+-]?P[^T]*[YM]/i.test(text);
    throw new InvalidDurationError(input, calendar ? 'years and months have no fixed length' : 'it is not ISO 8601');
  }
  const components = match.slice(2);
  const last = components.findLastIndex((component) => component !== undefined);
  if (last === -1) throw new InvalidDurationError(input, 'it names no amount');
  let nanos = 0n;
  components.forEach((component: string | undefined, index) => {
    if (component === undefined) return;
    const decimal = component.replace(',', '.');
    if (decimal.includes('.') && index !== last) throw fractionError(input);
    nanos += amount(input, decimal, ISO_UNITS[index] ?? 0n);
  });
  return match[1] === '-' ? -nanos : nanos;
}

function parseHuman(input: string, text: string): bigint {
  const signed = text.startsWith('-') || text.startsWith('+');
  let nanos = 0n;
  let position = signed ? 1 : 0;
  let previousUnit = -1;
  let fractional = false;
  while (position < text.length) {
    HUMAN_COMPONENT.lastIndex = position;
    const [matched, decimal = '', name = ''] = HUMAN_COMPONENT.exec(text) ?? [];
    if (matched === undefined) throw new InvalidDurationError(input, humanReason(text, position));
    if (fractional) throw fractionError(input);
    const unit = HUMAN_UNITS.findIndex(([unitName]) => unitName === name.replace(/^[µμ]s$/u, 'us'));
    if (unit === -1) throw new InvalidDurationError(input, `unknown unit "${name}" (known: w, d, h, m, s, ms, us, ns)`);
    if (unit <= previousUnit) throw new InvalidDurationError(input, 'units must go from large to small, each once');
    nanos += amount(input, decimal, HUMAN_UNITS[unit]?.[1] ?? 0n);
    fractional = decimal.includes('.');
    previousUnit = unit;
    position += matched.length;
  }
  if (previousUnit === -1) throw new InvalidDurationError(input, 'it names no amount');
  return text.startsWith('-') ? -nanos : nanos;
}

function humanReason(text: string, position: number): string {
  const rest = text.slice(position);
  return /^\s*\d+(\.\d+)?\s*$/.test(rest) ? `"${rest.trim()}" has no unit` : `"${rest}" is not an amount with a unit`;
}

function amount(input: string, decimal: string, unit: bigint): bigint {
  const nanos = multiplyDecimal(decimal, unit) ?? 0n;
  if (nanos === 0n && /[1-9]/.test(decimal)) throw new InvalidDurationError(input, 'it is finer than one nanosecond');
  return nanos;
}

function fractionError(input: string): InvalidDurationError {
  return new InvalidDurationError(input, 'only the last component may have a fraction');
}
