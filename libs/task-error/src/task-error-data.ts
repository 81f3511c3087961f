import type { Duration, DurationInput } from '@orrery/duration';
import type { ErrorCategory, ErrorTypeName, Severity } from './error-type.ts';
import type { JsonObject, JsonValue } from './json-context.ts';

/** Why an attempt failed, as plain data: what adapters map to their own forms. Absent fields are not there at all. */
export interface TaskErrorData {
  readonly errorType: ErrorTypeName;
  readonly message: string;
  readonly timestamp: Date;
  readonly traceback?: string;
  /** The name of the class that was thrown, e.g. `"TypeError"`. */
  readonly exceptionType?: string;
  readonly context: JsonObject;
  /** Retries already made. */
  readonly retryCount: number;
  /** Retries allowed after the first try; absent means no limit here. */
  readonly maxRetries?: number;
  readonly isRetryable: boolean;
  readonly severity: Severity;
  readonly category: ErrorCategory;
  readonly cause?: TaskErrorData;
  /** How long to wait before the next try, when the failing side said so. */
  readonly retryAfter?: Duration;
}

/** What a TaskError is made of; everything but the message has a default. */
export interface TaskErrorInit {
  readonly message: string;
  /** Default `"runtime"`. */
  readonly errorType?: ErrorTypeName | undefined;
  /** Default now. */
  readonly timestamp?: Date | undefined;
  readonly traceback?: string | undefined;
  readonly exceptionType?: string | undefined;
  /** Any facts; made JSON-safe and cut to 16 KiB. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  /** Default 0. */
  readonly retryCount?: number | undefined;
  /** Default none. */
  readonly maxRetries?: number | null | undefined;
  /** Default by type. */
  readonly isRetryable?: boolean | undefined;
  /** Default `"error"`. */
  readonly severity?: Severity | undefined;
  /** Default by type. */
  readonly category?: ErrorCategory | undefined;
  /** A TaskError, its data, or anything thrown. */
  readonly cause?: unknown;
  /** A negative wait is no wait. */
  readonly retryAfter?: DurationInput | undefined;
}

/** The JSON form of a TaskError; absent fields are null. */
export interface TaskErrorJson {
  readonly error_type: ErrorTypeName;
  readonly message: string;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly traceback: string | null;
  readonly exception_type: string | null;
  readonly context: { readonly [key: string]: JsonValue };
  readonly retry_count: number;
  readonly max_retries: number | null;
  readonly is_retryable: boolean;
  readonly severity: Severity;
  readonly category: ErrorCategory;
  readonly cause: TaskErrorJson | null;
  /** A google.protobuf.Duration in JSON, e.g. `"30s"`. */
  readonly retry_after: string | null;
}

/** Something offered as a TaskError is none; the message names the field and what was found there. */
export class InvalidTaskErrorError extends Error {
  override readonly name = 'InvalidTaskErrorError';
}
