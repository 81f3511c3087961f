import {
  ERROR_CATEGORIES,
  InvalidTaskErrorError,
  MAX_CAUSES,
  SEVERITIES,
  TaskError,
  type TaskErrorData,
} from '@orrery/task-error';
import type * as errorv1 from './error-v1.ts';
import { invalidField } from './invalid-field.ts';
import { durationFromProto, durationToProto, timeFromProto } from './map-time.ts';

/** Why an attempt failed, as the wire carries it, with its causes. */
export function taskErrorToProto(error: TaskErrorData): errorv1.TaskError {
  return {
    errorType: error.errorType,
    message: error.message,
    timestamp: error.timestamp,
    traceback: error.traceback ?? '',
    exceptionType: error.exceptionType ?? '',
    context: error.context,
    retryCount: error.retryCount,
    maxRetries: error.maxRetries,
    isRetryable: error.isRetryable,
    severity: error.severity,
    category: error.category,
    cause: error.cause && taskErrorToProto(error.cause),
    retryAfter: error.retryAfter && durationToProto(error.retryAfter),
  };
}

/**
 * Reads why an attempt failed; what is not set takes the default its proto comment names, what is too long is cut. `now` is the time
 * of an error that names none. Refuses bad durations, times and counts with INVALID_FIELD.
 */
export function taskErrorFromProto(error: errorv1.TaskError, field: string, now: Date = new Date()): TaskErrorData {
  return read(error, field, now, 0).toData();
}

function read(error: errorv1.TaskError, field: string, now: Date, depth: number): TaskError {
  const cause = error.cause && depth < MAX_CAUSES ? read(error.cause, `${field}.cause`, now, depth + 1) : undefined;
  const timestamp = timeFromProto(error.timestamp, `${field}.timestamp`) ?? now;
  const retryAfter = durationFromProto(error.retryAfter, `${field}.retry_after`) ?? undefined;
  try {
    return new TaskError({
      message: error.message,
      errorType: error.errorType || 'unknown',
      timestamp,
      traceback: error.traceback,
      exceptionType: error.exceptionType,
      context: error.context,
      retryCount: error.retryCount,
      maxRetries: error.maxRetries,
      isRetryable: error.isRetryable,
      severity: oneOf(SEVERITIES, error.severity),
      category: oneOf(ERROR_CATEGORIES, error.category),
      cause,
      retryAfter,
    });
  } catch (problem) {
    if (problem instanceof InvalidTaskErrorError) throw invalidField(field, problem.message);
    throw problem;
  }
}

/** The word if it is one of ours, else undefined: then the default holds. */
function oneOf<T extends string>(words: readonly T[], word: string): T | undefined {
  return (words as readonly string[]).includes(word) ? (word as T) : undefined;
}
