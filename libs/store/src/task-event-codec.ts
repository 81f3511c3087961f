import type { TaskEvent, TaskEventKind, TaskStatus } from '@orrery/core';

/**
 * An event in the column `outbox.events`, which is a JSON array of these: what its row does not say already. Statements write it
 * too, in this order: kind, id, revision, queue, type, attempt, worker_id, correlation_id, traceparent.
 */
export type EncodedTaskEvent = readonly [
  kind: TaskEventKind,
  id: string,
  revision: number,
  queue: string,
  type: string,
  attempt: number,
  workerId: string,
  correlationId: string,
  traceparent: string,
];

const STATUS: Readonly<Record<TaskEventKind, TaskStatus>> = {
  created: 'PENDING',
  started: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  retry_scheduled: 'PENDING',
  released: 'PENDING',
  cancel_requested: 'RUNNING',
  cancelled: 'CANCELLED',
  redriven: 'PENDING',
  rescheduled: 'PENDING',
};

/** Encodes an event for its row. */
export function encodeTaskEvent(event: TaskEvent): EncodedTaskEvent {
  const { kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent } = event;
  return [kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent];
}

/** Decodes the column `outbox.events` of a row with this namespace and time. */
export function decodeTaskEvents(namespace: string, at: Date, json: string): readonly TaskEvent[] {
  return (JSON.parse(json) as readonly EncodedTaskEvent[]).map(
    ([kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent]) => ({
      kind,
      namespace,
      taskId,
      sequence,
      at,
      queue,
      type,
      status: STATUS[kind],
      attempt,
      workerId,
      correlationId,
      traceparent,
    }),
  );
}
