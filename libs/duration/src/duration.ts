import { multiplyDecimal } from './decimal.ts';
import { readDuration, readNumber, readParts } from './duration-input.ts';
import type { DurationInput, DurationParts, TimedeltaForm } from './duration-input.ts';
import { decimalMillis, decimalSeconds, formatHuman, formatIso, formatProtoJson } from './format-duration.ts';
import { InvalidDurationError } from './invalid-duration-error.ts';
import { parseDuration } from './parse-duration.ts';
import { MAX_SECONDS, NANOS } from './units.ts';

const MAX_NANOS = MAX_SECONDS * NANOS.second;
const LAST_INSTANT_MS = 8.64e15;

/**
 * An immutable length of time, exact to the nanosecond, within ±315,576,000,000 s (google.protobuf.Duration's range).
 * A negative one is a legal value ("five minutes ago"); who needs a positive one checks `isNegative` and `isZero`.
 */
export class Duration {
  /** No time at all. */
  static readonly ZERO: Duration = new Duration(0n, 0);

  /** The exact length in nanoseconds; compare with `equals`, `compareTo`, `<` or `>`. */
  readonly totalNanos: bigint;

  private constructor(nanos: bigint, input: unknown) {
    if (nanos > MAX_NANOS || nanos < -MAX_NANOS) throw new InvalidDurationError(input, 'it is out of range');
    this.totalNanos = nanos;
    Object.freeze(this);
  }

  /** A number of seconds, fractions rounded to the nanosecond; throws InvalidDurationError unless finite and in range. */
  static ofSeconds(seconds: number): Duration {
    return new Duration(readNumber(seconds, NANOS.second, seconds), seconds);
  }

  /** A number of milliseconds, fractions rounded to the nanosecond; throws InvalidDurationError unless finite and in range. */
  static ofMillis(milliseconds: number): Duration {
    return new Duration(readNumber(milliseconds, NANOS.millisecond, milliseconds), milliseconds);
  }

  /** The sum of the given parts (a day is 24 hours); throws InvalidDurationError when none is given or one is unknown. */
  static of(parts: DurationParts): Duration {
    if (typeof parts !== 'object' || parts === null) throw new InvalidDurationError(parts, 'it has no parts');
    return new Duration(readParts(parts), parts);
  }

  /** Reads `"1h30m"`, `"500ms"`, `"1.5s"` or ISO 8601 `"PT1H30M"`; throws InvalidDurationError naming the input. */
  static parse(input: string): Duration {
    if (typeof input !== 'string') throw new InvalidDurationError(input, 'it is not text');
    return new Duration(parseDuration(input), input);
  }

  /** Reads any accepted form (a bare number counts seconds); throws InvalidDurationError naming the input. */
  static from(input: DurationInput): Duration {
    return input instanceof Duration ? input : new Duration(readDuration(input), input);
  }

  /** The length in milliseconds, with a fraction when there is one. */
  toMillis(): number {
    return this.#in(1e6, decimalMillis);
  }

  /** The length in seconds, with a fraction when there is one; the nearest number there is. */
  toSeconds(): number {
    return this.#in(1e9, decimalSeconds);
  }

  /** ISO 8601 text, e.g. `"PT1H30M"`, `"P1DT2H"`, `"-PT5S"`. */
  toISO(): string {
    return formatIso(this.totalNanos);
  }

  /** The text people write, e.g. `"1h30m"`, `"1.5s"`; `parse` gives the same duration back. */
  toString(): string {
    return formatHuman(this.totalNanos);
  }

  /** The JSON text of a google.protobuf.Duration, e.g. `"5400s"`, `"1.5s"`. */
  toJSON(): string {
    return formatProtoJson(this.totalNanos);
  }

  /** The fields of a google.protobuf.Duration; both carry the sign. */
  toProto(): { seconds: bigint; nanos: number } {
    return { seconds: this.totalNanos / NANOS.second, nanos: Number(this.totalNanos % NANOS.second) };
  }

  /** The wire form of older stores; like every number of seconds it is exact up to 15 significant digits. */
  toTimedelta(): TimedeltaForm {
    return { type: 'timedelta', total_seconds: this.toSeconds() };
  }

  /** The exact length, so that `<` and `>` compare as one would expect. */
  valueOf(): bigint {
    return this.totalNanos;
  }

  /** Whether both are equally long. */
  equals(other: Duration): boolean {
    return this.totalNanos === other.totalNanos;
  }

  /** -1 when shorter than the other, 1 when longer, 0 when equal; fit for `sort`. */
  compareTo(other: Duration): -1 | 0 | 1 {
    if (this.totalNanos === other.totalNanos) return 0;
    return this.totalNanos < other.totalNanos ? -1 : 1;
  }

  /** The sum of both; throws InvalidDurationError when it is out of range. */
  plus(other: Duration): Duration {
    const nanos = this.totalNanos + other.totalNanos;
    return new Duration(nanos, formatHuman(nanos));
  }

  /** This length a number of times, rounded to the nanosecond (possibly to zero); throws InvalidDurationError when out of range. */
  times(factor: number): Duration {
    const nanos = Number.isFinite(factor) ? multiplyDecimal(factor, this.totalNanos) : undefined;
    if (nanos === undefined) throw new InvalidDurationError(factor, 'a factor must be a finite number');
    return new Duration(nanos, formatHuman(nanos));
  }

  /** Whether it is no time at all. */
  get isZero(): boolean {
    return this.totalNanos === 0n;
  }

  /** Whether it points backwards. */
  get isNegative(): boolean {
    return this.totalNanos < 0n;
  }

  /**
   * The instant this long after the given one. A begun millisecond counts as a whole one, so that no duration but zero
   * leaves the instant where it is. Throws RangeError when either instant is not one a Date can hold.
   */
  addTo(date: Date): Date {
    const millis = this.toMillis();
    const instant = date.getTime() + (millis < 0 ? Math.floor(millis) : Math.ceil(millis));
    if (!(Math.abs(instant) <= LAST_INSTANT_MS))
      throw new RangeError(`${this.toString()} from ${String(date)} is not an instant`);
    return new Date(instant);
  }

  #in(nanosPerUnit: number, decimal: (nanos: bigint) => string): number {
    const nanos = Number(this.totalNanos);
    // Dividing two exact numbers is rounded once; beyond 2^53 the text conversion is what rounds once.
    if (Number.isSafeInteger(nanos)) return nanos / nanosPerUnit;
    return nanos < 0 ? -Number(decimal(-this.totalNanos)) : Number(decimal(this.totalNanos));
  }
}
