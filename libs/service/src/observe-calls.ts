import { randomUUID } from 'node:crypto';
import {
  type Context,
  context,
  type Histogram,
  type MeterProvider,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  ValueType,
} from '@opentelemetry/api';
import { statusCodeOf } from '@orrery/contracts';
import { Refusal } from '@orrery/core';
import { contextOf, readTraceparent, RPC_DURATION_BOUNDS, rpcAttributes } from '@orrery/rpc';
import { type Metadata, ServerError, type ServerMiddleware, Status } from 'nice-grpc-common';
import { type CallScope, inCallScope } from './call-scope.ts';

const NAME = '@orrery/service';
const CORRELATION_ID = 'x-correlation-id';
const VALID_CORRELATION_ID = /^[\x20-\x7e]{1,255}$/;

/** Statuses that are a server's own fault; for the others, its part of the call went well. */
const FAULTS: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);

/** The outermost of a server's middlewares: correlation and spans around everything else, and how long calls took. */
export const observeCalls: ServerMiddleware = async function* observeCallsMiddleware(call, callContext) {
  const { metadata, header } = callContext;
  const scope = readScope(metadata);
  header.set(CORRELATION_ID, scope.correlationId);
  if (call.requestStream || call.responseStream) {
    // What a stream's handler starts, it starts with its first step. A span that lives for days would help nobody.
    const stream = call.next(call.request, callContext);
    const first = await inCallScope(scope, () => stream.next());
    if (first.done) return first.value;
    yield first.value;
    return yield* stream;
  }
  const { path } = call.method;
  const handle = async () => (await call.next(call.request, callContext).next()).value;
  // Health checks and reflection are of no interest to anybody's trace.
  if (path.startsWith('/grpc.')) return await inCallScope(scope, handle);
  const caller = propagation.extract(context.active(), metadata, METADATA);
  return await inCallScope(scope, () => observed(path, caller, scope, handle));
};

/** Handles a message of a stream as a call of its own: it has a span, counts as a call, and what is logged meanwhile belongs to it. */
export function observeMessage<T>(path: string, traceparent: string, handle: () => Promise<T>): Promise<T> {
  const scope = scopeOf('', traceparent);
  return inCallScope(scope, () => observed(path, contextOf(traceparent), scope, handle));
}

async function observed<T>(path: string, caller: Context, scope: CallScope, handle: () => Promise<T>): Promise<T> {
  const attributes = rpcAttributes(path);
  const span = trace.getTracer(NAME).startSpan(attributes['rpc.method'], { kind: SpanKind.SERVER, attributes }, caller);
  if (span.isRecording()) span.setAttribute('orrery.correlation_id', scope.correlationId);
  const startedAt = performance.now();
  let status = 'OK';
  try {
    return await context.with(trace.setSpan(caller, span), handle);
  } catch (error) {
    status = statusOf(error);
    throw error;
  } finally {
    endSpan(span, status);
    duration().record((performance.now() - startedAt) / 1000, { ...attributes, ...outcomeOf(status) });
  }
}

function endSpan(span: Span, status: string): void {
  span.setAttributes(outcomeOf(status));
  if (FAULTS.has(status)) span.setStatus({ code: SpanStatusCode.ERROR, message: status });
  span.end();
}

function statusOf(error: unknown): string {
  if (error instanceof Refusal) return Status[statusCodeOf(error.reason)] ?? 'UNKNOWN';
  return error instanceof ServerError ? (Status[error.code] ?? 'UNKNOWN') : 'UNKNOWN';
}

function outcomeOf(status: string) {
  return { 'rpc.response.status_code': status, ...(FAULTS.has(status) && { 'error.type': status }) };
}

function readScope(metadata: Metadata): CallScope {
  return scopeOf(metadata.get(CORRELATION_ID) ?? '', metadata.get('traceparent') ?? '');
}

function scopeOf(correlationId: string, traceparent: string): CallScope {
  const correlationIdIsCallers = VALID_CORRELATION_ID.test(correlationId);
  return {
    correlationId: correlationIdIsCallers ? correlationId : randomUUID(),
    correlationIdIsCallers,
    // One that cannot be read is left out, as the standard asks.
    traceparent: readTraceparent(traceparent) ? traceparent : '',
  };
}

const METADATA = {
  get: (metadata: Metadata, key: string) => {
    const value = metadata.get(key);
    return typeof value === 'string' ? value : undefined;
  },
  keys: (metadata: Metadata) => [...metadata].map(([key]) => key),
};

let provider: MeterProvider | undefined;
let histogram: Histogram | undefined;

/** Made anew when metrics are switched on: instruments made before would never record. */
function duration(): Histogram {
  const current = metrics.getMeterProvider();
  if (histogram && provider === current) return histogram;
  provider = current;
  histogram = current.getMeter(NAME).createHistogram('rpc.server.call.duration', {
    unit: 's',
    description: 'How long incoming unary calls took.',
    valueType: ValueType.DOUBLE,
    advice: { explicitBucketBoundaries: RPC_DURATION_BOUNDS },
  });
  return histogram;
}
