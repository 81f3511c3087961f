import { NANOS } from './units.ts';

interface Split {
  readonly days: bigint;
  readonly hours: bigint;
  readonly minutes: bigint;
  /** Seconds below a minute with their fraction, or an empty string when there are none. */
  readonly seconds: string;
}

/** The canonical google.protobuf.Duration JSON text, e.g. `"5400s"`, `"-1.5s"`. */
export function formatProtoJson(nanos: bigint): string {
  return `${sign(nanos)}${decimalSeconds(size(nanos))}s`;
}

/** The ISO 8601 text, e.g. `"P1DT2H"`; a negative one carries the sign in front (`"-PT1H"`), nothing at all is `"PT0S"`. */
export function formatIso(nanos: bigint): string {
  if (nanos === 0n) return 'PT0S';
  const { days, hours, minutes, seconds } = split(size(nanos));
  const date = days === 0n ? '' : `${days}D`;
  const time = `${part(hours, 'H')}${part(minutes, 'M')}${seconds && `${seconds}S`}`;
  return `${sign(nanos)}P${date}${time && `T${time}`}`;
}

/** The text people read and write, e.g. `"1h30m"`, `"1.5s"`, `"250ms"`; parsing it gives the same duration back. */
export function formatHuman(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  const length = size(nanos);
  if (length < NANOS.second) return `${sign(nanos)}${belowOneSecond(length)}`;
  const { days, hours, minutes, seconds } = split(length);
  return `${sign(nanos)}${part(days, 'd')}${part(hours, 'h')}${part(minutes, 'm')}${seconds && `${seconds}s`}`;
}

/** Seconds as a decimal number in text, without trailing zeros. */
export function decimalSeconds(nanos: bigint): string {
  return decimal(nanos, NANOS.second, 9);
}

/** Milliseconds as a decimal number in text, without trailing zeros. */
export function decimalMillis(nanos: bigint): string {
  return decimal(nanos, NANOS.millisecond, 6);
}

function decimal(nanos: bigint, unit: bigint, places: number): string {
  const whole = nanos / unit;
  const rest = nanos % unit;
  if (rest === 0n) return whole.toString();
  return `${whole}.${rest.toString().padStart(places, '0').replace(/0+$/, '')}`;
}

function belowOneSecond(nanos: bigint): string {
  if (nanos >= NANOS.millisecond) return `${decimalMillis(nanos)}ms`;
  if (nanos >= NANOS.microsecond) return `${decimal(nanos, NANOS.microsecond, 3)}us`;
  return `${nanos}ns`;
}

function split(nanos: bigint): Split {
  const rest = nanos % NANOS.minute;
  return {
    days: nanos / NANOS.day,
    hours: (nanos % NANOS.day) / NANOS.hour,
    minutes: (nanos % NANOS.hour) / NANOS.minute,
    seconds: rest === 0n ? '' : decimalSeconds(rest),
  };
}

function part(amount: bigint, unit: string): string {
  return amount === 0n ? '' : `${amount}${unit}`;
}

function sign(nanos: bigint): string {
  return nanos < 0n ? '-' : '';
}

function size(nanos: bigint): bigint {
  return nanos < 0n ? -nanos : nanos;
}
