import { randomUUID } from 'node:crypto';
import { refusalToStatus } from '@orrery/contracts';
import { Refusal, StorageError } from '@orrery/core';
import { InvalidDurationError } from '@orrery/duration';
import { InvalidTaskErrorError } from '@orrery/task-error';
import { ServerError, type ServerMiddleware, Status } from 'nice-grpc-common';
import { isAbort } from './is-abort.ts';
import type { Logger } from './logger.ts';

/** The trailer in which gRPC carries an encoded google.rpc.Status. */
export const DETAILS_KEY = 'grpc-status-details-bin';

const OUTAGE_LOG_INTERVAL_MS = 1_000;

/**
 * Turns whatever a handler throws into a gRPC status; nothing else does. Refusals say what they are; an outage of the store is
 * UNAVAILABLE; what was cancelled is CANCELLED; the rest is INTERNAL under an incident id, and only the log says more.
 */
export function mapErrors(logger: Logger): ServerMiddleware {
  const toRefusal = refusalMapper(logger);

  return async function* mapErrorsMiddleware(call, context) {
    try {
      return yield* call.next(call.request, context);
    } catch (error) {
      if (error instanceof ServerError) throw error;
      if (isAbort(error)) throw new ServerError(Status.CANCELLED, 'the call was cancelled');
      const { code, message, details } = refusalToStatus(toRefusal(error, call.method.path));
      context.trailer.set(DETAILS_KEY, details);
      throw new ServerError(code, message);
    }
  };
}

/** What a method's caller is told of whatever its handler threw. */
export function refusalMapper(logger: Logger): (error: unknown, method: string) => Refusal {
  let lastOutageAt = -Infinity;

  return (error, method) => {
    if (error instanceof Refusal) return error;
    if (error instanceof InvalidDurationError || error instanceof InvalidTaskErrorError)
      return new Refusal('INVALID_FIELD', error.message);
    if (error instanceof StorageError && error.transient) return outage(error, method);
    const incident = randomUUID();
    logger.error('call failed', { method, incident, error });
    return new Refusal('INTERNAL', `internal error, incident ${incident}`, { incident });
  };

  function outage(error: StorageError, method: string): Refusal {
    // Every call fails the same way meanwhile; one line a second tells as much.
    const now = performance.now();
    if (now - lastOutageAt >= OUTAGE_LOG_INTERVAL_MS) {
      lastOutageAt = now;
      logger.warn('the store is unavailable', { method, error });
    }
    return new Refusal('STORE_UNAVAILABLE', 'the store cannot be reached or is busy, try again');
  }
}
