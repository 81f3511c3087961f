import { MAX_RETRY_COUNT } from './limits.ts';
import { InvalidTaskErrorError } from './task-error-data.ts';

const FIRST_INSTANT_MS = Date.parse('0001-01-01T00:00:00Z');
const LAST_INSTANT_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** A copy of an instant that every wire form can carry; throws InvalidTaskErrorError for any other. */
export function checkedInstant(instant: Date): Date {
  const millis = instant instanceof Date ? instant.getTime() : Number.NaN;
  if (!(millis >= FIRST_INSTANT_MS && millis <= LAST_INSTANT_MS))
    throw new InvalidTaskErrorError(`timestamp ${String(instant)} is not a Date within the years 1 to 9999`);
  return new Date(millis);
}

/** A count of retries; throws InvalidTaskErrorError naming the field unless it is a whole number from 0 to 2^31 - 1. */
export function checkedCount(field: string, count: number): number {
  if (!Number.isInteger(count) || count < 0 || count > MAX_RETRY_COUNT)
    throw new InvalidTaskErrorError(`${field} ${String(count)} is not a whole number from 0 to ${MAX_RETRY_COUNT}`);
  return count + 0;
}
