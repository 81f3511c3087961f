import { multiplyDecimal } from './decimal.ts';
import { InvalidDurationError } from './invalid-duration-error.ts';
import { parseDuration } from './parse-duration.ts';
import { NANOS } from './units.ts';

/** A length given in parts, which are added up; at least one must be there, and each may have a fraction. */
export interface DurationParts {
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
  readonly milliseconds?: number | undefined;
}

/** A google.protobuf.Duration as generated code holds it; both fields are whole numbers of the same sign. */
export interface ProtoDuration {
  readonly seconds: bigint | number;
  readonly nanos?: number | undefined;
}

/** The wire form of a Python `timedelta` in older stores. */
export interface TimedeltaForm {
  readonly type: 'timedelta';
  readonly total_seconds: number;
}

/** A duration by its exact length in nanoseconds, which is how the Duration of another copy of this package is known. */
export interface ExactDuration {
  readonly totalNanos: bigint;
}

/** Everything that is understood as a duration; a bare number counts seconds. */
export type DurationInput = ExactDuration | number | string | DurationParts | ProtoDuration | TimedeltaForm;

const PART_NANOS: ReadonlyMap<string, bigint> = new Map([
  ['days', NANOS.day],
  ['hours', NANOS.hour],
  ['minutes', NANOS.minute],
  ['seconds', NANOS.second],
  ['milliseconds', NANOS.millisecond],
]);

/** Reads any accepted form as nanoseconds; anything else is an {@link InvalidDurationError}. */
export function readDuration(input: unknown): bigint {
  if (typeof input === 'number') return readNumber(input, NANOS.second, input);
  if (typeof input === 'string') return parseDuration(input);
  if (typeof input !== 'object' || input === null) throw new InvalidDurationError(input, 'it is not a duration');
  if ('totalNanos' in input && typeof input.totalNanos === 'bigint') return input.totalNanos;
  if ('type' in input || 'total_seconds' in input) return readTimedelta(input);
  if ('nanos' in input || ('seconds' in input && typeof input.seconds === 'bigint')) return readProto(input);
  return readParts(input);
}

/** Reads a number of some unit as nanoseconds, rounding to the nearest one; `input` is what an error names. */
export function readNumber(amount: unknown, unit: bigint, input: unknown): bigint {
  if (typeof amount !== 'number') throw new InvalidDurationError(input, `${typeof amount} where a number belongs`);
  if (!Number.isFinite(amount)) throw new InvalidDurationError(input, `${amount} is not a finite number`);
  const nanos = multiplyDecimal(amount, unit) ?? 0n;
  if (nanos === 0n && amount !== 0) throw new InvalidDurationError(input, 'it is finer than one nanosecond');
  return nanos;
}

/** Adds up the parts as nanoseconds; unknown or missing parts are an {@link InvalidDurationError}. */
export function readParts(input: object): bigint {
  let nanos: bigint | undefined;
  for (const [name, amount] of Object.entries(input) as [string, unknown][]) {
    const unit = PART_NANOS.get(name);
    if (unit === undefined) throw new InvalidDurationError(input, `unknown part "${name}"`);
    if (amount === undefined) continue;
    nanos = (nanos ?? 0n) + readNumber(amount, unit, input);
  }
  if (nanos === undefined) throw new InvalidDurationError(input, 'it names no amount');
  return nanos;
}

function readProto(input: object): bigint {
  const { seconds = 0n, nanos = 0, ...others } = input as { seconds?: unknown; nanos?: unknown };
  const unknown = Object.keys(others).find((name) => !name.startsWith('$'));
  if (unknown !== undefined) throw new InvalidDurationError(input, `unknown part "${unknown}"`);
  if (typeof seconds !== 'bigint' && !Number.isSafeInteger(seconds))
    throw new InvalidDurationError(input, 'seconds is not a whole number');
  if (typeof nanos !== 'number' || !Number.isInteger(nanos) || Math.abs(nanos) > 999_999_999)
    throw new InvalidDurationError(input, 'nanos is not a whole number below one second');
  const whole = BigInt(seconds as bigint | number);
  if ((whole > 0n && nanos < 0) || (whole < 0n && nanos > 0))
    throw new InvalidDurationError(input, 'seconds and nanos have different signs');
  return whole * NANOS.second + BigInt(nanos);
}

function readTimedelta(input: object): bigint {
  const { type, total_seconds: seconds, ...others } = input as { type?: unknown; total_seconds?: unknown };
  if (type !== 'timedelta') throw new InvalidDurationError(input, 'its type is not "timedelta"');
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw new InvalidDurationError(input, `unknown part "${unknown}"`);
  return readNumber(seconds, NANOS.second, input);
}
