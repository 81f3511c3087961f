/** Every kind of failure there is, in one word each. */
export const ERROR_TYPES = [
  'runtime',
  'timeout',
  'validation',
  'resource',
  'network',
  'system',
  'user',
  'business',
  'unknown',
  'service_unavailable',
  'rate_limited',
  'database',
  'not_found',
  'permission_denied',
  'invalid_input',
  'cancelled',
] as const;

/** What kind of failure it was; retry predicates and reports go by it. */
export type ErrorType = (typeof ERROR_TYPES)[number];

/** The word an error carries: usually an {@link ErrorType}; another word from elsewhere is kept and treated like `"unknown"`. */
export type ErrorTypeName = ErrorType | (string & {});

/** Where a failure has its origin. */
export const ERROR_CATEGORIES = ['system', 'user', 'external', 'application', 'unknown'] as const;

/** Whose concern a failure is: the machine's, the caller's, another service's, the code's, or nobody knows. */
export type ErrorCategory = (typeof ERROR_CATEGORIES)[number];

/** How bad a failure is, mildest first. */
export const SEVERITIES = ['warning', 'error', 'critical'] as const;

/** How bad a failure is; anything unknown is read as `"error"`. */
export type Severity = (typeof SEVERITIES)[number];

/** The category of each type, unless an error says otherwise. */
export const CATEGORY_BY_TYPE: Readonly<Record<ErrorType, ErrorCategory>> = Object.freeze({
  timeout: 'system',
  resource: 'system',
  system: 'system',
  database: 'system',
  validation: 'user',
  user: 'user',
  invalid_input: 'user',
  not_found: 'user',
  permission_denied: 'user',
  cancelled: 'user',
  network: 'external',
  service_unavailable: 'external',
  rate_limited: 'external',
  runtime: 'application',
  business: 'application',
  unknown: 'unknown',
});

/** The types that are worth another try, unless an error says otherwise; all others fail at once. */
export const RETRYABLE_BY_DEFAULT: ReadonlySet<ErrorTypeName> = new Set([
  'network',
  'service_unavailable',
  'rate_limited',
  'timeout',
  'database',
]);

/** Whether a value is the name of an error type. */
export function isErrorType(value: unknown): value is ErrorType {
  return (ERROR_TYPES as readonly unknown[]).includes(value);
}

/** Whether a value is the name of a category. */
export function isErrorCategory(value: unknown): value is ErrorCategory {
  return (ERROR_CATEGORIES as readonly unknown[]).includes(value);
}

/** Whether a value is the name of a severity. */
export function isSeverity(value: unknown): value is Severity {
  return (SEVERITIES as readonly unknown[]).includes(value);
}

/** The category of a type; `"unknown"` for a word that is none of ours. */
export function categoryOf(type: ErrorTypeName): ErrorCategory {
  return isErrorType(type) ? CATEGORY_BY_TYPE[type] : 'unknown';
}
