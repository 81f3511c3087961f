import { Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { CallContext, ServerMiddleware } from 'nice-grpc-common';

/** How long unary calls may be handled. */
export interface UnaryLimits {
  readonly limit: Duration;
  /** For long polls, which end by themselves within 60 s. */
  readonly longPollLimit: Duration;
  /** The paths of methods that are long polls, e.g. "/orrery.task.v1.TaskService/WaitTask". */
  readonly longPolls: ReadonlySet<string>;
}

/** 30 s for a unary call, 90 s for a long poll. */
export const UNARY_LIMITS = Object.freeze({
  limit: Duration.ofSeconds(30),
  longPollLimit: Duration.ofSeconds(90),
});

/**
 * Gives every unary call a limit: then its AbortSignal fires and the caller is told DEADLINE_EXCEEDED, whether the handler listens or
 * not. The caller's own deadline and hanging up fire the same signal earlier.
 */
export function limitUnaryCalls({ limit, longPollLimit, longPolls }: UnaryLimits): ServerMiddleware {
  const limitMs = limit.toMillis();
  const longPollMs = longPollLimit.toMillis();

  return async function* limitUnaryCallsMiddleware(call, context) {
    if (call.requestStream || call.responseStream) return yield* call.next(call.request, context);
    const ms = longPolls.has(call.method.path) ? longPollMs : limitMs;
    const handle = async (limited: CallContext) => (await call.next(call.request, limited).next()).value;
    return await within(ms, context, handle);
  };
}

async function within<T>(ms: number, context: CallContext, handle: (context: CallContext) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const refusal = new Refusal('DEADLINE_EXCEEDED', `the call was not done within ${ms / 1000} s`);
    reject(refusal);
    abort.abort(refusal);
  }, ms);
  // A handler that nobody waits for any more must not keep the process alive.
  timer.unref();
  const onCancel = (): void => abort.abort(context.signal.reason);
  if (context.signal.aborted) onCancel();
  else context.signal.addEventListener('abort', onCancel, { once: true });
  try {
    return await Promise.race([handle({ ...context, signal: abort.signal }), expired]);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', onCancel);
  }
}
