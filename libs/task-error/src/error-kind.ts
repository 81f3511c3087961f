import { isErrorType } from './error-type.ts';
import { clip, MAX_NAME_BYTES } from './limits.ts';
import type { ErrorType, ErrorTypeName } from './error-type.ts';

const TYPE_BY_KIND = {
  NETWORK_ERROR: 'network',
  SERVICE_UNAVAILABLE: 'service_unavailable',
  RATE_LIMITED: 'rate_limited',
  TIMEOUT: 'timeout',
  DATABASE_CONNECTION_FAILED: 'database',
  VALIDATION_FAILED: 'validation',
  NOT_FOUND: 'not_found',
  PERMISSION_DENIED: 'permission_denied',
  INVALID_INPUT: 'invalid_input',
  BUSINESS_LOGIC_ERROR: 'business',
  CANCELLED: 'cancelled',
  UNKNOWN: 'unknown',
} as const satisfies Record<string, ErrorType>;

/** The name of an error kind on Kagzi's wire. */
export type ErrorKind = keyof typeof TYPE_BY_KIND;

const ALIASES: Readonly<Record<string, ErrorType>> = { DATABASE_ERROR: 'database' };

const KIND_BY_TYPE: Readonly<Record<ErrorType, ErrorKind>> = {
  network: 'NETWORK_ERROR',
  service_unavailable: 'SERVICE_UNAVAILABLE',
  rate_limited: 'RATE_LIMITED',
  timeout: 'TIMEOUT',
  database: 'DATABASE_CONNECTION_FAILED',
  validation: 'VALIDATION_FAILED',
  not_found: 'NOT_FOUND',
  permission_denied: 'PERMISSION_DENIED',
  invalid_input: 'INVALID_INPUT',
  business: 'BUSINESS_LOGIC_ERROR',
  cancelled: 'CANCELLED',
  unknown: 'UNKNOWN',
  user: 'INVALID_INPUT',
  runtime: 'UNKNOWN',
  resource: 'UNKNOWN',
  system: 'UNKNOWN',
};

/** The Kagzi kind that stands for a type; four types have none of their own and become the nearest that retries alike. */
export function toErrorKind(type: ErrorTypeName): ErrorKind {
  return isErrorType(type) ? KIND_BY_TYPE[type] : 'UNKNOWN';
}

/** The type a Kagzi kind stands for, as `NETWORK_ERROR`, `NetworkError` or the alias `DatabaseError`; undefined for any other. */
export function fromErrorKind(kind: string): ErrorType | undefined {
  const name = kind
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase();
  if (Object.hasOwn(TYPE_BY_KIND, name)) return TYPE_BY_KIND[name as ErrorKind];
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
}

/**
 * Reads the name of a type in any case, or of a Kagzi kind; a word that is neither is kept in lower case, nothing at all
 * is `"unknown"`.
 */
export function readErrorType(name: string): ErrorTypeName {
  const lower = clip(name.trim().toLowerCase(), MAX_NAME_BYTES);
  if (isErrorType(lower)) return lower;
  return fromErrorKind(name) ?? (lower || 'unknown');
}
