import {
  type Attributes,
  context,
  createNoopMeter,
  type Histogram,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  ValueType,
} from '@opentelemetry/api';
import { contextOf, isEnabled, type Logger, traceparentOf } from '@orrery/rpc';
import type { TaskErrorData } from '@orrery/task-error';
import type { HandledTask } from './handler.ts';
import type { Outcome } from './outcome.ts';

const NAME = '@orrery/worker';

/** Bounds in seconds for what takes from milliseconds to hours. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** What is told of an attempt: its span, how long it took, and a line in the log when it starts and when it ends. */
export interface AttemptSpan {
  /** W3C trace context for what the handler causes; empty if there is none. */
  readonly traceparent: string;
  /** What each of the handler's log lines says. */
  readonly logFields: object;
  /** Runs the handler so that spans which it starts are below this one. */
  within<R>(run: () => R): R;
  /** What came of it; null: nothing is to be said, because the lease was lost. */
  end(outcome: Outcome | null): void;
}

/** Starts to tell of an attempt. Its span is part of the trace in which the task was created, below the creation, and linked to it. */
export function startAttemptSpan(task: HandledTask, workerId: string, logger: Logger): AttemptSpan {
  const creation = contextOf(task.traceparent);
  const created = trace.getSpanContext(creation);
  const attributes = Object.assign(commonAttributes(task), attemptAttributes(task, workerId));
  const span = trace
    .getTracer(NAME)
    .startSpan(
      `run ${task.type}`,
      { kind: SpanKind.CONSUMER, attributes, links: created ? [{ context: created }] : [] },
      creation,
    );
  const traceparent = traceparentOf(span);
  const fields = logFieldsOf(task, traceparent === '' ? null : span);
  const startedAt = performance.now();
  if (isEnabled(logger, 'debug')) logger.debug(fields, 'task started');
  return {
    traceparent: traceparent || task.traceparent,
    logFields: fields,
    within: (run) => context.with(trace.setSpan(creation, span), run),
    end(outcome) {
      const kind = outcome?.kind ?? 'lease_lost';
      const error = outcome?.kind === 'failed' ? outcome.error : null;
      if (error) noteFailure(span, error);
      span.setAttribute('orrery.outcome', kind);
      span.end();
      recordDuration((performance.now() - startedAt) / 1000, task, error);
      if (!isEnabled(logger, 'debug')) return;
      logger.debug({ ...fields, ...(error && { error_type: error.errorType }) }, MESSAGES[kind]);
    },
  };
}

const MESSAGES = {
  completed: 'task succeeded',
  failed: 'task failed',
  released: 'task handed back',
  lease_lost: 'task no longer ours',
} as const;

function noteFailure(span: Span, { errorType, exceptionType, message, traceback }: TaskErrorData): void {
  span.recordException({ name: exceptionType ?? errorType, message, ...(traceback !== null && { stack: traceback }) });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
  span.setAttribute('error.type', errorType);
}

function commonAttributes(task: HandledTask): Attributes {
  return {
    'messaging.system': 'orrery',
    'messaging.operation.name': 'run',
    'messaging.operation.type': 'process',
    'messaging.destination.name': task.queue,
    'orrery.task.type': task.type,
  };
}

function attemptAttributes(task: HandledTask, workerId: string): Attributes {
  return {
    'messaging.message.id': task.id,
    'messaging.message.conversation_id': task.correlationId,
    'messaging.client.id': workerId,
    'orrery.attempt': task.attempt,
    'orrery.worker.id': workerId,
  };
}

function logFieldsOf({ id, type, attempt, correlationId }: HandledTask, span: Span | null): object {
  const fields = { task_id: id, type, attempt, correlation_id: correlationId };
  if (!span) return fields;
  const { traceId, spanId } = span.spanContext();
  return { ...fields, trace_id: traceId, span_id: spanId };
}

function recordDuration(seconds: number, task: HandledTask, error: TaskErrorData | null): void {
  const metric = duration();
  // Nobody measures: then nothing is put together.
  if (metric === NOT_RECORDED) return;
  metric.record(seconds, { ...commonAttributes(task), ...(error && { 'error.type': error.errorType }) });
}

const NOT_RECORDED = createNoopMeter().createHistogram('none');

let provider: MeterProvider | undefined;
let histogram: Histogram | undefined;

/** Made anew when metrics are switched on: instruments made before would never record. */
function duration(): Histogram {
  const current = metrics.getMeterProvider();
  if (histogram && provider === current) return histogram;
  provider = current;
  histogram = current.getMeter(NAME).createHistogram('messaging.process.duration', {
    unit: 's',
    description: 'How long handlers ran.',
    valueType: ValueType.DOUBLE,
    advice: { explicitBucketBoundaries: BOUNDS },
  });
  return histogram;
}
