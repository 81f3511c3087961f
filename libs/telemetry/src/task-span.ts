import { type Attributes, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextOf, isSampled } from '@orrery/rpc';
import type { TaskFacts } from './attempts.ts';

/** What a service did to a task, and when, in milliseconds since 1970. */
export interface TaskStep {
  /** A verb, e.g. "claim". */
  readonly name: string;
  /** Default INTERNAL. */
  readonly kind?: SpanKind;
  readonly startedAt: number;
  readonly endedAt: number;
  /** What this kind of step says beside what all say of the task. */
  readonly attributes?: Attributes;
  /** Why it was refused. */
  readonly error?: string | undefined;
}

/**
 * Records what a service did to a task as a span in the task's own trace, after it was done: statements take many tasks at once, and a
 * task whose trace is not recorded costs nothing but the look at its flag.
 */
export function recordStep(task: TaskFacts, step: TaskStep): void {
  const { name, kind = SpanKind.INTERNAL, startedAt, endedAt, attributes, error } = step;
  if (!isSampled(task.traceparent)) return;
  const span = trace.getTracer('@orrery/telemetry').startSpan(
    `${name} ${task.type}`,
    {
      kind,
      startTime: startedAt,
      attributes: { ...spanAttributesOf(task), 'messaging.operation.name': name, ...attributes },
    },
    contextOf(task.traceparent),
  );
  if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
  span.end(endedAt);
}

function spanAttributesOf(task: TaskFacts): Attributes {
  return {
    'messaging.system': 'orrery',
    'messaging.destination.name': task.queue,
    'messaging.message.id': task.id,
    'messaging.message.conversation_id': task.correlationId,
    'orrery.namespace': task.namespace,
    'orrery.task.type': task.type,
    ...(task.attempt > 0 && { 'orrery.attempt': task.attempt, 'orrery.worker.id': task.workerId }),
  };
}
