import {
  type Attributes,
  context,
  type Histogram,
  metrics,
  type MeterProvider,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
  ValueType,
} from '@opentelemetry/api';
import { ClientError, type ClientMiddleware, Metadata, Status } from 'nice-grpc-common';

const NAME = '@orrery/rpc';

/** Bounds in seconds, as the semantic conventions advise. */
export const RPC_DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * Records each unary call as a span and its duration, and sends its trace context along. Streams have neither: they live as long as
 * a worker does, and what goes through them belongs to many traces.
 */
export const traceCalls: ClientMiddleware = async function* traceCallsMiddleware(call, options) {
  if (call.requestStream || call.responseStream) return yield* call.next(call.request, options);
  const attributes = rpcAttributes(call.method.path);
  const span = trace.getTracer(NAME).startSpan(attributes['rpc.method'], { kind: SpanKind.CLIENT, attributes });
  const active = trace.setSpan(context.active(), span);
  const metadata = Metadata(options.metadata);
  propagation.inject(active, metadata, { set: (carrier, key, value) => carrier.set(key, value) });
  const startedAt = performance.now();
  let status = 'OK';
  try {
    return await context.with(
      active,
      async () => (await call.next(call.request, { ...options, metadata }).next()).value,
    );
  } catch (error) {
    status = error instanceof ClientError ? (Status[error.code] ?? 'UNKNOWN') : 'CANCELLED';
    span.setStatus({ code: SpanStatusCode.ERROR, message: status });
    span.setAttribute('error.type', status);
    throw error;
  } finally {
    span.setAttribute('rpc.response.status_code', status);
    span.end();
    duration().record((performance.now() - startedAt) / 1000, {
      ...attributes,
      'rpc.response.status_code': status,
      ...(status !== 'OK' && { 'error.type': status }),
    });
  }
};

/** What the semantic conventions say of a call; the path is the method's, e.g. "/orrery.task.v1.TaskService/GetTask". */
export function rpcAttributes(path: string): Attributes & { readonly 'rpc.method': string } {
  return { 'rpc.system.name': 'grpc', 'rpc.method': path.slice(1) };
}

let provider: MeterProvider | undefined;
let histogram: Histogram | undefined;

/** Made anew when metrics are switched on: instruments made before would never record. */
function duration(): Histogram {
  const current = metrics.getMeterProvider();
  if (histogram && provider === current) return histogram;
  provider = current;
  histogram = current.getMeter(NAME).createHistogram('rpc.client.call.duration', {
    unit: 's',
    description: 'How long outgoing unary calls took.',
    valueType: ValueType.DOUBLE,
    advice: { explicitBucketBoundaries: RPC_DURATION_BOUNDS },
  });
  return histogram;
}
