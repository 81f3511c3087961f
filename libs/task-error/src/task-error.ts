import { Duration } from '@orrery/duration';
import { checkedCount, checkedInstant } from './check-fields.ts';
import { classifyException } from './classify-exception.ts';
import { contextOf, exceptionTypeOf, messageOf, retryAfterOf, tracebackOf } from './describe-exception.ts';
import { readErrorType } from './error-kind.ts';
import { categoryOf, isErrorCategory, isSeverity, RETRYABLE_BY_DEFAULT } from './error-type.ts';
import type { ErrorCategory, ErrorTypeName, Severity } from './error-type.ts';
import { toJsonContext } from './json-context.ts';
import type { JsonObject } from './json-context.ts';
import { clip, MAX_CAUSES, MAX_MESSAGE_BYTES, MAX_NAME_BYTES, MAX_RETRY_COUNT, MAX_TRACEBACK_BYTES } from './limits.ts';
import { isInstance, readList, readProperty } from './read-property.ts';
import { readTaskError } from './read-task-error.ts';
import type { ReadTaskError } from './read-task-error.ts';
import type { TaskErrorData, TaskErrorInit, TaskErrorJson } from './task-error-data.ts';

/**
 * Why an attempt failed: immutable data that can also be thrown, so that a handler says exactly what went wrong and
 * whether another try makes sense.
 */
export class TaskError extends Error implements TaskErrorData {
  readonly errorType: ErrorTypeName;
  readonly timestamp: Date;
  declare readonly traceback?: string;
  declare readonly exceptionType?: string;
  readonly context: JsonObject;
  readonly retryCount: number;
  declare readonly maxRetries?: number;
  readonly isRetryable: boolean;
  readonly severity: Severity;
  readonly category: ErrorCategory;
  declare readonly cause?: TaskError;
  declare readonly retryAfter?: Duration;

  /**
   * Cuts what is too long and fills in what is missing. Throws InvalidTaskErrorError for a retry count or timestamp that is
   * none, InvalidDurationError for such a `retryAfter`.
   */
  constructor(init: TaskErrorInit) {
    super(clip(String(init.message), MAX_MESSAGE_BYTES));
    this.errorType = readErrorType(init.errorType ?? 'runtime');
    this.timestamp = checkedInstant(init.timestamp ?? new Date());
    if (init.traceback) this.traceback = clip(init.traceback, MAX_TRACEBACK_BYTES);
    if (init.exceptionType) this.exceptionType = clip(init.exceptionType, MAX_NAME_BYTES);
    this.context = toJsonContext(init.context);
    this.retryCount = checkedCount('retryCount', init.retryCount ?? 0);
    if (init.maxRetries !== undefined && init.maxRetries !== null)
      this.maxRetries = checkedCount('maxRetries', init.maxRetries);
    this.isRetryable = init.isRetryable ?? RETRYABLE_BY_DEFAULT.has(this.errorType);
    this.severity = isSeverity(init.severity) ? init.severity : 'error';
    this.category = isErrorCategory(init.category) ? init.category : categoryOf(this.errorType);
    const cause = toCause(init.cause);
    // Not enumerable, like the cause of every Error.
    if (cause) Object.defineProperty(this, 'cause', { value: cause });
    if (init.retryAfter !== undefined) {
      const wait = Duration.from(init.retryAfter);
      this.retryAfter = wait.isNegative ? Duration.ZERO : wait;
    }
    // Where it was thrown first says more than where it was put together again.
    if (this.traceback) Object.defineProperty(this, 'stack', { value: this.traceback });
    // A subclass has fields of its own still to set.
    if (new.target === TaskError) Object.freeze(this);
  }

  /** The same as `new TaskError(init)`. */
  static create(init: TaskErrorInit): TaskError {
    return new TaskError(init);
  }

  /**
   * Anything thrown as a TaskError, classified by what it is, its causes included; `overrides` win, and their context is
   * added to what the error tells. A TaskError stays what it is, with its stack as the traceback. Throws only for bad
   * overrides.
   */
  static fromException(thrown: unknown, overrides: Partial<TaskErrorInit> = {}): TaskError {
    return fromThrown(thrown, overrides, 0, []);
  }

  /**
   * Reads the JSON form (an object, its text, or the plain message older stores kept), filling in what is missing; throws
   * InvalidTaskErrorError naming the field that is of the wrong kind.
   */
  static fromJSON(json: unknown): TaskError {
    return fromRead(readTaskError(json));
  }

  /** Makes a TaskError of its plain data; the inverse of `toData`. */
  static fromData(data: TaskErrorData): TaskError {
    return fromDataAt(data, 0);
  }

  /** Whether another try is worth it and allowed. */
  canRetry(): boolean {
    return this.isRetryable && (this.maxRetries === undefined || this.retryCount < this.maxRetries);
  }

  /** A copy that counts one retry more. */
  incrementRetry(): TaskError {
    return new TaskError({ ...initOf(this), retryCount: Math.min(this.retryCount + 1, MAX_RETRY_COUNT) });
  }

  /** The fields as a plain object, causes included; the inverse of `fromData`. */
  toData(): TaskErrorData {
    const { cause, ...own } = initOf(this);
    return cause ? { ...own, cause: cause.toData() } : own;
  }

  /** The JSON form with the keys of the wire; the inverse of `fromJSON`. */
  toJSON(): TaskErrorJson {
    return {
      error_type: this.errorType,
      message: this.message,
      timestamp: this.timestamp.toISOString(),
      traceback: this.traceback ?? null,
      exception_type: this.exceptionType ?? null,
      context: this.context,
      retry_count: this.retryCount,
      max_retries: this.maxRetries ?? null,
      is_retryable: this.isRetryable,
      severity: this.severity,
      category: this.category,
      cause: this.cause?.toJSON() ?? null,
      retry_after: this.retryAfter?.toJSON() ?? null,
    };
  }
}

// On the prototype, so that it is neither among the fields nor in the way of a subclass.
Object.defineProperty(TaskError.prototype, 'name', { value: 'TaskError', configurable: true, writable: true });

type OwnFields = Omit<TaskErrorData, 'cause'> & { readonly cause?: TaskError };

function initOf(error: TaskError): OwnFields {
  return {
    errorType: error.errorType,
    message: error.message,
    timestamp: new Date(error.timestamp),
    ...(error.traceback !== undefined && { traceback: error.traceback }),
    ...(error.exceptionType !== undefined && { exceptionType: error.exceptionType }),
    context: error.context,
    retryCount: error.retryCount,
    ...(error.maxRetries !== undefined && { maxRetries: error.maxRetries }),
    isRetryable: error.isRetryable,
    severity: error.severity,
    category: error.category,
    ...(error.cause && { cause: error.cause }),
    ...(error.retryAfter && { retryAfter: error.retryAfter }),
  };
}

function fromThrown(
  thrown: unknown,
  overrides: Partial<TaskErrorInit>,
  depth: number,
  outer: readonly unknown[],
): TaskError {
  if (isInstance(thrown, TaskError)) return fromTaskError(thrown, overrides);
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
  const inner = innerOf(thrown);
  const seen = [...outer, thrown];
  const ends = inner === undefined || inner === null || depth >= MAX_CAUSES || seen.includes(inner);
  const timestamp = overrides.timestamp ?? new Date();
  return new TaskError({
    message: messageOf(thrown),
    errorType: overrides.errorType ?? classifyException(thrown),
    timestamp,
    traceback: tracebackOf(thrown),
    exceptionType: exceptionTypeOf(thrown),
    cause: ends ? undefined : fromThrown(inner, { timestamp }, depth + 1, seen),
    retryAfter: retryAfterOf(thrown, timestamp),
    ...given,
    context: { ...contextOf(thrown), ...overrides.context },
  });
}

function fromTaskError(error: TaskError, overrides: Partial<TaskErrorInit>): TaskError {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  const traceback = error.traceback ?? error.stack;
  if (given.length === 0 && traceback === error.traceback) return error;
  const own = initOf(error);
  const retyped = overrides.errorType !== undefined && readErrorType(overrides.errorType) !== error.errorType;
  return new TaskError({
    ...own,
    traceback,
    // Another type brings its own defaults.
    ...(retyped && { isRetryable: undefined, category: undefined }),
    ...Object.fromEntries(given),
    context: { ...own.context, ...overrides.context },
  });
}

function fromRead(read: ReadTaskError): TaskError {
  return new TaskError({ ...read, cause: read.cause && fromRead(read.cause) });
}

function fromDataAt(data: TaskErrorData, depth: number): TaskError {
  const cause = data.cause && depth < MAX_CAUSES ? fromDataAt(data.cause, depth + 1) : undefined;
  return new TaskError({ ...data, cause });
}

function toCause(cause: unknown): TaskError | undefined {
  if (cause === undefined || cause === null) return undefined;
  if (isInstance(cause, TaskError)) return shortened(cause, MAX_CAUSES - 1);
  return isData(cause) ? fromDataAt(cause, 1) : fromThrown(cause, {}, 1, []);
}

/** The same error with at most so many causes below it. */
function shortened(error: TaskError, causes: number): TaskError {
  let length = 0;
  for (let cause = error.cause; cause; cause = cause.cause) length += 1;
  if (length <= causes) return error;
  const cause = error.cause && causes > 0 ? shortened(error.cause, causes - 1) : undefined;
  return new TaskError({ ...initOf(error), cause });
}

function isData(value: unknown): value is TaskErrorData {
  return (
    readProperty(value, 'timestamp') instanceof Date &&
    typeof readProperty(value, 'errorType') === 'string' &&
    typeof readProperty(value, 'message') === 'string'
  );
}

function innerOf(thrown: unknown): unknown {
  return readProperty(thrown, 'cause') ?? readList(thrown, 'errors')[0];
}
