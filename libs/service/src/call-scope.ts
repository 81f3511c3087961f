import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { activeTraceparent, readTraceparent } from '@orrery/rpc';

/** What everything that is done for one call has in common. */
export interface CallScope {
  /** The caller's, or made for the call. */
  readonly correlationId: string;
  readonly correlationIdIsCallers: boolean;
  /** W3C trace context as the caller sent it; empty if it sent none that can be read. */
  readonly traceparent: string;
}

const scopes = new AsyncLocalStorage<CallScope | undefined>();

/** Runs the handling of a call so that every line logged meanwhile can be told to belong to it. */
export function inCallScope<R>(scope: CallScope, run: () => R): R {
  return scopes.run(scope, run);
}

/** Runs what outlives the call in which it began, and must not be taken for a part of it. */
export function outsideCalls<R>(run: () => R): R {
  return scopes.run(undefined, () => context.with(ROOT_CONTEXT, run));
}

/** The call that is being handled; undefined outside of calls. */
export function currentCall(): CallScope | undefined {
  return scopes.getStore();
}

/** W3C trace context for what the call causes: the active span, else as the caller sent it; empty if there is none. */
export function currentTraceparent(): string {
  return activeTraceparent() || (scopes.getStore()?.traceparent ?? '');
}

/** What a log line says of where it belongs: to a call, and to a span if there is one. A new object each time. */
export function scopeFields(): Record<string, unknown> {
  const scope = scopes.getStore();
  const span = trace.getActiveSpan()?.spanContext() ?? (scope && readTraceparent(scope.traceparent));
  return {
    ...(scope && { correlation_id: scope.correlationId }),
    ...(span && { trace_id: span.traceId, span_id: span.spanId }),
  };
}
