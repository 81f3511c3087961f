import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { currentTask } from './task-scope.ts';
import { contextOf, traceparentOf } from './trace-context.ts';

/** Where a call comes from, for what it causes to be tied to it. */
export interface CallOrigin {
  readonly correlationId?: string | undefined;
  /** W3C trace context. */
  readonly traceparent?: string | undefined;
}

/** What is created by one call: one task, or many. */
export interface Creation {
  /** The type of all of them; undefined: they differ. */
  readonly type: string | undefined;
  readonly queue: string | undefined;
  readonly correlationId: string | undefined;
  readonly count: number;
}

/**
 * Makes the creation of tasks a span, in whose trace everything that is done with them belongs. Its context is given to `create` as
 * a W3C traceparent to be stored with them: the request may be shared with other callers, whose tasks belong to other traces.
 */
export async function traceCreation<T extends { readonly id: string } | readonly { readonly id: string }[]>(
  creation: Creation,
  origin: CallOrigin,
  create: (traceparent: string) => Promise<T>,
): Promise<T> {
  const parent = origin.traceparent ? contextOf(origin.traceparent) : context.active();
  const span = startSpan(creation, parent);
  const inherited = origin.traceparent ?? currentTask()?.traceparent ?? '';
  const traceparent = traceparentOf(span) || inherited;
  if (!span.isRecording()) return create(traceparent);
  try {
    const created = await context.with(trace.setSpan(parent, span), () => create(traceparent));
    if ('id' in created) span.setAttribute('messaging.message.id', created.id);
    return created;
  } catch (error) {
    if (error instanceof Error) span.recordException(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
    throw error;
  } finally {
    span.end();
  }
}

function startSpan({ type, queue, correlationId, count }: Creation, parent: ReturnType<typeof context.active>): Span {
  const attributes = {
    'messaging.system': 'orrery',
    'messaging.operation.name': 'create',
    'messaging.operation.type': 'create',
    'messaging.destination.name': queue ?? 'default',
    ...(type !== undefined && { 'orrery.task.type': type }),
    ...(correlationId && { 'messaging.message.conversation_id': correlationId }),
    ...(count > 1 && { 'messaging.batch.message_count': count }),
  };
  const name = type === undefined ? 'create' : `create ${type}`;
  return trace.getTracer('@orrery/client').startSpan(name, { kind: SpanKind.PRODUCER, attributes }, parent);
}
