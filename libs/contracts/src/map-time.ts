import { Duration } from '@orrery/duration';
import { invalidField } from './invalid-field.ts';
import type * as rpc from './rpc.ts';

const MAX_SECONDS = 315_576_000_000n;
const MAX_NANOS = 999_999_999;
const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** A length of time as the wire carries it. */
export function durationToProto(duration: Duration): rpc.Duration {
  return duration.toProto();
}

/** Reads a length of time, null where there is none; refuses with INVALID_FIELD what google.protobuf.Duration does not allow. */
export function durationFromProto(duration: rpc.Duration, field: string): Duration;
export function durationFromProto(duration: rpc.Duration | undefined, field: string): Duration | null;
export function durationFromProto(duration: rpc.Duration | undefined, field: string): Duration | null {
  if (duration === undefined) return null;
  const { seconds, nanos } = duration;
  if (nanos > MAX_NANOS || nanos < -MAX_NANOS) throw invalidField(field, 'nanos must be less than a second');
  if ((seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0))
    throw invalidField(field, 'seconds and nanos must have the same sign');
  if (beyondRange(seconds, nanos)) throw invalidField(field, `must be within ±${MAX_SECONDS} s`);
  return Duration.from(duration);
}

/** Whether a duration is longer than the wire format allows; the last second has no fractions. */
function beyondRange(seconds: bigint, nanos: number): boolean {
  if (seconds >= MAX_SECONDS) return seconds > MAX_SECONDS || nanos > 0;
  if (seconds <= -MAX_SECONDS) return seconds < -MAX_SECONDS || nanos < 0;
  return false;
}

/** Reads an instant, null where there is none; refuses with INVALID_FIELD what is not within the years 1 to 9999. */
export function timeFromProto(time: Date, field: string): Date;
export function timeFromProto(time: Date | undefined, field: string): Date | null;
export function timeFromProto(time: Date | undefined, field: string): Date | null {
  if (time === undefined) return null;
  const millis = time.getTime();
  if (!(millis >= FIRST_INSTANT_MS && millis <= LAST_INSTANT_MS))
    throw invalidField(field, 'must be within the years 1 to 9999');
  return time;
}
