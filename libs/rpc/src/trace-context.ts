import {
  context,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
  TraceFlags,
} from '@opentelemetry/api';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a W3C traceparent; null: it names no span. */
export function readTraceparent(traceparent: string): SpanContext | null {
  const [, version, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (!traceId || !spanId || !flags || version === 'ff') return null;
  const span = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(span) ? span : null;
}

/** A span as a W3C traceparent; empty if it is none that could be named. */
export function traceparentOf(span: Span | undefined): string {
  const named = span?.spanContext();
  if (!named || !isSpanContextValid(named)) return '';
  const flags = (named.traceFlags & 0xff).toString(16).padStart(2, '0');
  return `00-${named.traceId}-${named.spanId}-${flags}`;
}

/** The active span as a W3C traceparent; empty if there is none. */
export function activeTraceparent(): string {
  return traceparentOf(trace.getSpan(context.active()));
}

/** A context in which the span that a traceparent names is the active one. */
export function contextOf(traceparent: string): Context {
  const span = readTraceparent(traceparent);
  return span ? trace.setSpanContext(ROOT_CONTEXT, span) : ROOT_CONTEXT;
}

/** Whether a traceparent says that its trace is recorded; its last two digits are the flags. */
export function isSampled(traceparent: string): boolean {
  return traceparent.length === 55 && (Number.parseInt(traceparent.slice(53), 16) & TraceFlags.SAMPLED) !== 0;
}
