import {
  typeOfCode,
  typeOfGrpcStatus,
  typeOfHttpStatus,
  typeOfName,
  typeOfSqliteCode,
  typeOfVagueName,
} from './error-codes.ts';
import type { ErrorType } from './error-type.ts';
import { MAX_CAUSES } from './limits.ts';
import { isInstance, readList, readProperty, readText } from './read-property.ts';

/**
 * What kind of failure something thrown is: by its code, HTTP, gRPC or SQL status, by its class, then by its causes. An
 * Error that says nothing is `"runtime"`; what is no Error and says nothing is `"unknown"`. Never throws.
 */
export function classifyException(thrown: unknown): ErrorType {
  const type = typeWithCauses(thrown, 0) ?? vagueType(thrown);
  if (type) return type;
  return isErrorLike(thrown) ? 'runtime' : 'unknown';
}

/** The HTTP status an error of any of the usual clients carries. */
export function httpStatusOf(thrown: unknown): number | undefined {
  const response = readProperty(thrown, 'response');
  const candidates = [
    readProperty(thrown, 'status'),
    readProperty(thrown, 'statusCode'),
    readProperty(response, 'status'),
    readProperty(response, 'statusCode'),
    readProperty(readProperty(thrown, '$metadata'), 'httpStatusCode'),
  ];
  return candidates.find((status) => typeof status === 'number' && status >= 400 && status <= 599) as
    number | undefined;
}

/** The names an error goes by: its own, then its class's. */
export function namesOf(thrown: unknown): string[] {
  const names = [readText(thrown, 'name'), readText(readProperty(thrown, 'constructor'), 'name')];
  return names.filter((name) => name !== undefined);
}

/** Whether something thrown is an Error, also one of another realm or copy. */
export function isErrorLike(thrown: unknown): boolean {
  return (
    isInstance(thrown, Error) ||
    (typeof readProperty(thrown, 'message') === 'string' && typeof readProperty(thrown, 'stack') === 'string')
  );
}

function typeWithCauses(thrown: unknown, depth: number): ErrorType | undefined {
  if (depth > MAX_CAUSES || typeof thrown !== 'object' || thrown === null) return undefined;
  const own = ownType(thrown);
  // Node's AbortError carries the signal's reason: a passed deadline is a timeout, not a cancellation.
  const wrapper = own === undefined || own === 'cancelled' || own === 'unknown';
  if (!wrapper) return own;
  for (const cause of causesOf(thrown)) {
    const type = typeWithCauses(cause, depth + 1) ?? vagueType(cause);
    if (type !== undefined && (own !== 'cancelled' || type === 'timeout')) return type;
  }
  return own;
}

function causesOf(thrown: object): unknown[] {
  return [readProperty(thrown, 'cause'), ...readList(thrown, 'errors').slice(0, MAX_CAUSES)];
}

function ownType(thrown: object): ErrorType | undefined {
  const code = readProperty(thrown, 'code');
  // A DOMException's code is a relic with numbers of its own, which would read as gRPC statuses.
  const byNumber = typeof code === 'number' && isGrpcError(thrown) ? typeOfGrpcStatus(code) : undefined;
  const byCode = typeof code === 'string' ? typeOfStringCode(thrown, code) : byNumber;
  if (byCode) return byCode;
  const status = httpStatusOf(thrown);
  if (status !== undefined) return typeOfHttpStatus(status);
  const byName = namesOf(thrown).map(typeOfName).find(Boolean);
  if (byName) return byName;
  // A failed system call with a code of no special meaning.
  return typeof code === 'string' && readText(thrown, 'syscall') ? 'system' : undefined;
}

function typeOfStringCode(thrown: object, code: string): ErrorType | undefined {
  if (code === 'ERR_SQLITE_ERROR') {
    const result = readProperty(thrown, 'errcode');
    return typeof result === 'number' ? typeOfSqliteCode(result) : 'database';
  }
  return typeOfCode(code);
}

function isGrpcError(thrown: object): boolean {
  return typeof readProperty(thrown, 'details') === 'string' || readProperty(thrown, 'metadata') !== undefined;
}

function vagueType(thrown: unknown): ErrorType | undefined {
  return namesOf(thrown).map(typeOfVagueName).find(Boolean);
}
