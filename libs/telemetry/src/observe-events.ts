import { SpanKind } from '@opentelemetry/api';
import { type AuditStore, type EventBus, eventType, type OrreryEvent, type TaskEvent } from '@orrery/core';
import { readTraceparent } from '@orrery/rpc';
import type { Logger } from '@orrery/service';
import type { TaskFacts } from './attempts.ts';
import type { ObserveOptions } from './observe-store.ts';
import { timed } from './timed.ts';
import { recordStep, type TaskStep } from './task-span.ts';

/** The same bus, told of: each event that is published or consumed, in its task's trace. With traces off, the bus itself. */
export function observeBus(bus: EventBus, { telemetry, logger }: ObserveOptions): EventBus {
  if (!isObserved(telemetry.traces, logger)) return bus;
  const tell = reporter(logger);
  return {
    async publish(events) {
      const [, span] = await timed(() => bus.publish(events));
      tell(events, { ...span, name: 'publish', kind: SpanKind.PRODUCER }, 'event published');
    },
    consume: (consumer, handle) =>
      bus.consume(consumer, async (events) => {
        const [, span] = await timed(() => handle(events));
        tell(events, { ...span, name: 'process', kind: SpanKind.CONSUMER }, 'event consumed');
      }),
    listen: (types, hear) => bus.listen(types, hear),
    isConnected: () => bus.isConnected(),
    close: () => bus.close(),
  };
}

/** The same audit trail, told of: each event that is put on record, in its task's trace and in the log (debug). */
export function observeAudit<S extends { readonly audit: AuditStore }>(store: S, options: ObserveOptions): S {
  const { telemetry, logger } = options;
  if (!isObserved(telemetry.traces, logger)) return store;
  const { audit } = store;
  const tell = reporter(logger);
  const observed: AuditStore = {
    async record(events) {
      const [, span] = await timed(() => audit.record(events));
      tell(events, { ...span, name: 'record' }, 'event recorded');
    },
    list: (query) => audit.list(query),
    purge: (before, limit) => audit.purge(before, limit),
  };
  return { ...store, audit: observed };
}

function isObserved(traces: boolean, logger: Logger): boolean {
  return traces || (logger.enabled?.('debug') ?? true);
}

function reporter(logger: Logger) {
  const logs = logger.enabled?.('debug') ?? true;
  return (events: readonly OrreryEvent[], step: TaskStep, message: string): void => {
    for (const event of events) {
      if (event.noun !== 'task') continue;
      const type = eventType(event);
      recordStep(taskOf(event), { ...step, attributes: { 'orrery.event.type': type } });
      if (logs) logger.debug(message, { event_type: type, ...fieldsOf(event) });
    }
  };
}

function fieldsOf(event: TaskEvent): Record<string, unknown> {
  const trace = readTraceparent(event.traceparent);
  return {
    task_id: event.taskId,
    namespace: event.namespace,
    sequence: event.sequence,
    correlation_id: event.correlationId,
    ...(trace && { trace_id: trace.traceId }),
  };
}

function taskOf({ taskId, ...event }: TaskEvent): TaskFacts {
  return { ...event, id: taskId };
}
