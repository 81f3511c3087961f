import { Duration } from '@orrery/duration';
import { httpStatusOf, isErrorLike, namesOf } from './classify-exception.ts';
import { toJsonContext } from './json-context.ts';
import { isInstance, readList, readProperty, readText } from './read-property.ts';

const TELLING_PROPERTIES = ['code', 'syscall', 'hostname', 'address', 'port', 'path'] as const;

/** What something thrown says, in words for a person; never empty. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown || 'an empty string was thrown';
  if (typeof thrown !== 'object' || thrown === null) return `${String(thrown)} was thrown`;
  const message = readText(thrown, 'message');
  if (message) return message;
  const errors = readList(thrown, 'errors');
  // Node's "happy eyeballs" failure has no message of its own, only one per address tried.
  if (errors.length > 0) return errors.slice(0, 5).map(innerMessage).join('; ');
  if (isErrorLike(thrown)) return exceptionTypeOf(thrown);
  return JSON.stringify(toJsonContext(thrown));
}

/** The class of something thrown, e.g. `"TypeError"`; for what is no object the kind of value. */
export function exceptionTypeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return thrown === null ? 'null' : typeof thrown;
  const names = namesOf(thrown);
  return names.find((name) => name !== 'Error') ?? names[0] ?? 'Object';
}

/** The stack of something thrown. */
export function tracebackOf(thrown: unknown): string | undefined {
  return readText(thrown, 'stack');
}

/** The facts an error carries beside its message: code, system call, address, path, HTTP status. */
export function contextOf(thrown: unknown): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  for (const name of TELLING_PROPERTIES) {
    const value = readProperty(thrown, name);
    // The number of a DOMException only repeats its name.
    if (typeof value === 'string' || (typeof value === 'number' && !isInstance(thrown, DOMException)))
      facts[name] = value;
  }
  const status = httpStatusOf(thrown);
  return status === undefined ? facts : { ...facts, status };
}

/** How long the failing side asked to wait: a Retry-After header (seconds or a date), or a `retryAfter` of the error. */
export function retryAfterOf(thrown: unknown, now: Date): Duration | undefined {
  const own = readProperty(thrown, 'retryAfter') ?? readHeader(thrown) ?? readHeader(readProperty(thrown, 'response'));
  if (own === undefined || own === null) return undefined;
  try {
    if (own instanceof Date) return untilInstant(own, now);
    if (typeof own !== 'string') return Duration.from(own);
    if (/^\d+$/.test(own)) return Duration.ofSeconds(Number(own));
    return own.endsWith('GMT') ? untilInstant(new Date(own), now) : Duration.parse(own);
  } catch {
    // A hint that cannot be read is no hint.
    return undefined;
  }
}

function untilInstant(instant: Date, now: Date): Duration {
  return Duration.ofMillis(Math.max(0, instant.getTime() - now.getTime()));
}

function readHeader(holder: unknown): unknown {
  const headers = readProperty(holder, 'headers');
  const get = readProperty(headers, 'get');
  if (typeof get !== 'function') return readProperty(headers, 'retry-after') ?? readProperty(headers, 'Retry-After');
  try {
    return get.call(headers, 'retry-after') as unknown;
  } catch {
    return undefined;
  }
}

function innerMessage(thrown: unknown): string {
  return readText(thrown, 'message') ?? exceptionTypeOf(thrown);
}
