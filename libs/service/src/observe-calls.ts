import { randomUUID } from 'node:crypto';
import {
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
import { readTraceparent, RPC_DURATION_BOUNDS, rpcAttributes } from '@orrery/rpc';
import { type CallContext, type Metadata, ServerError, type ServerMiddleware, Status } from 'nice-grpc-common';
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
  return await inCallScope(scope, () => observed(path, callContext, scope, handle));
};

async function observed<T>(
  path: string,
  { metadata }: CallContext,
  scope: CallScope,
  handle: () => Promise<T>,
): Promise<T> {
  const attributes = rpcAttributes(path);
  const caller = propagation.extract(context.active(), metadata, METADATA);
  const span = trace.getTracer(NAME).startSpan(attributes['rpc.method'], { kind: SpanKind.SERVER, attributes }, caller);
  if (span.isRecording()) span.setAttribute('orrery.correlation_id', scope.correlationId);
  const startedAt = performance.now();
  let status = 'OK';
  try {
    return await context.with(trace.setSpan(caller, span), handle);
  } catch (error) {
    status = error instanceof ServerError ? (Status[error.code] ?? 'UNKNOWN') : 'UNKNOWN';
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

function outcomeOf(status: string) {
  return { 'rpc.response.status_code': status, ...(FAULTS.has(status) && { 'error.type': status }) };
}

function readScope(metadata: Metadata): CallScope {
  const sent = metadata.get(CORRELATION_ID) ?? '';
  const correlationIdIsCallers = VALID_CORRELATION_ID.test(sent);
  const traceparent = metadata.get('traceparent') ?? '';
  return {
    correlationId: correlationIdIsCallers ? sent : randomUUID(),
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
