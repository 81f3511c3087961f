import { Duration, InvalidDurationError } from '@orrery/duration';
import type { DurationInput } from '@orrery/duration';
import { MAX_CAUSES } from './limits.ts';
import { InvalidTaskErrorError } from './task-error-data.ts';
import type { TaskErrorInit } from './task-error-data.ts';
import { isErrorCategory, isSeverity } from './error-type.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A TaskError's parts as read from JSON, its causes likewise. */
export interface ReadTaskError extends Omit<TaskErrorInit, 'cause'> {
  readonly cause?: ReadTaskError | undefined;
}

/**
 * Reads the JSON form, filling in what is missing; a text is an error message of the days before there were TaskErrors,
 * unless it is a JSON object. Throws InvalidTaskErrorError naming the field that is of the wrong kind.
 */
export function readTaskError(json: unknown, depth = 0): ReadTaskError {
  if (typeof json === 'string') return readMessage(json);
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new InvalidTaskErrorError(`A TaskError is a JSON object, not ${kindOf(json)}`);
  const fields = json as Fields;
  const { severity, category } = fields;
  return {
    errorType: text(fields, 'error_type') ?? 'unknown',
    message: text(fields, 'message') ?? 'unknown error',
    timestamp: instant(fields),
    traceback: text(fields, 'traceback'),
    exceptionType: text(fields, 'exception_type'),
    context: record(fields),
    retryCount: typed(fields, 'retry_count', 'number'),
    maxRetries: typed(fields, 'max_retries', 'number'),
    isRetryable: typed(fields, 'is_retryable', 'boolean'),
    severity: isSeverity(severity) ? severity : undefined,
    category: isErrorCategory(category) ? category : undefined,
    cause: present(fields['cause']) && depth < MAX_CAUSES ? readTaskError(fields['cause'], depth + 1) : undefined,
    retryAfter: duration(fields),
  };
}

function readMessage(json: string): ReadTaskError {
  if (!json.trimStart().startsWith('{')) return { errorType: 'unknown', message: json };
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return { errorType: 'unknown', message: json };
  }
  return readTaskError(parsed);
}

function text(fields: Fields, name: string): string | undefined {
  return typed(fields, name, 'string');
}

function typed(fields: Fields, name: string, type: 'string'): string | undefined;
function typed(fields: Fields, name: string, type: 'number'): number | undefined;
function typed(fields: Fields, name: string, type: 'boolean'): boolean | undefined;
function typed(fields: Fields, name: string, type: string): unknown {
  const value = fields[name];
  if (!present(value)) return undefined;
  if (typeof value !== type) throw new InvalidTaskErrorError(`${name} is ${kindOf(value)}, not a ${type}`);
  return value;
}

function record(fields: Fields): Fields | undefined {
  const context = fields['context'];
  if (!present(context)) return undefined;
  if (typeof context !== 'object' || Array.isArray(context))
    throw new InvalidTaskErrorError(`context is ${kindOf(context)}, not an object`);
  return context as Fields;
}

function instant(fields: Fields): Date | undefined {
  const value = text(fields, 'timestamp');
  if (value === undefined) return undefined;
  // Older stores wrote UTC without saying so; JavaScript would take it for local time.
  const zoned = /T[\d:.]+$/.test(value) ? `${value}Z` : value;
  const date = new Date(zoned);
  if (Number.isNaN(date.getTime()))
    throw new InvalidTaskErrorError(`timestamp ${JSON.stringify(value.slice(0, 100))} is not ISO 8601`);
  return date;
}

function duration(fields: Fields): Duration | undefined {
  const value = fields['retry_after'];
  if (!present(value)) return undefined;
  try {
    return Duration.from(value as DurationInput);
  } catch (error) {
    if (!(error instanceof InvalidDurationError)) throw error;
    throw new InvalidTaskErrorError(`retry_after: ${error.message}`, { cause: error });
  }
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
