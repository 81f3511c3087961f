export { TaskError } from './task-error.ts';
export { InvalidTaskErrorError } from './task-error-data.ts';
export type { TaskErrorData, TaskErrorInit, TaskErrorJson } from './task-error-data.ts';
export {
  CATEGORY_BY_TYPE,
  categoryOf,
  ERROR_CATEGORIES,
  ERROR_TYPES,
  isErrorType,
  RETRYABLE_BY_DEFAULT,
  SEVERITIES,
} from './error-type.ts';
export type { ErrorCategory, ErrorType, ErrorTypeName, Severity } from './error-type.ts';
export { fromErrorKind, readErrorType, toErrorKind } from './error-kind.ts';
export type { ErrorKind } from './error-kind.ts';
export { classifyException } from './classify-exception.ts';
export { toJsonContext } from './json-context.ts';
export type { JsonObject, JsonValue } from './json-context.ts';
export { getErrorMessage, hasError, isFailed } from './task-failure.ts';
export type { MaybeFailed } from './task-failure.ts';
export { MAX_CAUSES, MAX_CONTEXT_BYTES, MAX_MESSAGE_BYTES, MAX_TRACEBACK_BYTES } from './limits.ts';
