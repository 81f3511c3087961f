import type {
  OrreryEvent,
  ScheduleEvent,
  ScheduleEventKind,
  TaskEventKind,
  TaskStatus,
  WorkerEventKind,
  WorkerState,
} from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import { progressJson, readTaskError, toProgress } from './task-json.ts';

/**
 * A task's event in the column `outbox.events`, which is a JSON array of these: what its row does not say already. Statements
 * write it too, in this order; the error is there only if there is one, in its JSON form.
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
  error?: unknown,
  /** With deleted: the status it had; with progressed: how far it is, as the column `progress` has it. */
  detail?: unknown,
];

/** A worker's event in the same column; no task's event begins so. */
export type EncodedWorkerEvent = readonly [noun: 'worker', kind: WorkerEventKind, id: string, revision: number];

/** A schedule's event in the same column; no task's event begins so. */
export type EncodedScheduleEvent = readonly [
  noun: 'schedule',
  kind: ScheduleEventKind,
  id: string,
  revision: number,
  slotAt: number | null,
  taskId: string,
  cause: ScheduleEvent['cause'],
  count: number,
  reason: ScheduleEvent['reason'],
];

/** An event in the column `outbox.events`. */
export type EncodedEvent = EncodedTaskEvent | EncodedWorkerEvent | EncodedScheduleEvent;

/** The status after each kind of change; a deleted task's is told with it. */
const STATUS: Readonly<Record<Exclude<TaskEventKind, 'deleted'>, TaskStatus>> = {
  created: 'PENDING',
  started: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  retry_scheduled: 'PENDING',
  released: 'PENDING',
  progressed: 'RUNNING',
  cancel_requested: 'RUNNING',
  cancelled: 'CANCELLED',
  redriven: 'PENDING',
  rescheduled: 'PENDING',
};

const STATE: Readonly<Record<WorkerEventKind, WorkerState>> = {
  started: 'ACTIVE',
  draining: 'DRAINING',
  stopped: 'STOPPED',
  lost: 'LOST',
  recovered: 'ACTIVE',
};

/** Encodes an event for its row. */
export function encodeEvent(event: OrreryEvent): EncodedEvent {
  if (event.noun === 'worker') return ['worker', event.kind, event.workerId, event.sequence];
  if (event.noun === 'schedule') return encodeScheduleEvent(event);
  const { kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent, error } = event;
  const encoded = [kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent] as const;
  if (kind === 'deleted') return [...encoded, null, event.status];
  if (event.progress) return [...encoded, null, progressJson(event.progress)];
  return error ? [...encoded, TaskError.fromData(error)] : encoded;
}

/** Decodes an event of a row with this namespace and time. */
export function decodeEvent(namespace: string, at: Date, encoded: EncodedEvent): OrreryEvent {
  if (isScheduleEvent(encoded)) return decodeScheduleEvent(namespace, at, encoded);
  if (isWorkerEvent(encoded)) {
    const [, kind, workerId, sequence] = encoded;
    return { noun: 'worker', kind, namespace, workerId, sequence, at, state: STATE[kind] };
  }
  const [kind, taskId, sequence, queue, type, attempt, workerId, correlationId, traceparent, error, detail] = encoded;
  return {
    noun: 'task',
    kind,
    namespace,
    taskId,
    sequence,
    at,
    queue,
    type,
    status: kind === 'deleted' ? (detail as TaskStatus) : STATUS[kind],
    attempt,
    workerId,
    correlationId,
    traceparent,
    error: error ? readTaskError(error) : null,
    progress: kind === 'progressed' ? toProgress(detail) : null,
  };
}

/** Decodes the column `outbox.events` of a row with this namespace and time. */
export function decodeEvents(namespace: string, at: Date, json: string): readonly OrreryEvent[] {
  return (JSON.parse(json) as readonly EncodedEvent[]).map((encoded) => decodeEvent(namespace, at, encoded));
}

function isWorkerEvent(encoded: EncodedEvent): encoded is EncodedWorkerEvent {
  return encoded[0] === 'worker';
}

function isScheduleEvent(encoded: EncodedEvent): encoded is EncodedScheduleEvent {
  return encoded[0] === 'schedule';
}

function encodeScheduleEvent(event: ScheduleEvent): EncodedScheduleEvent {
  const { kind, scheduleId, sequence, slotAt, taskId, cause, count, reason } = event;
  return ['schedule', kind, scheduleId, sequence, slotAt?.getTime() ?? null, taskId, cause, count, reason];
}

function decodeScheduleEvent(namespace: string, at: Date, encoded: EncodedScheduleEvent): ScheduleEvent {
  const [noun, kind, scheduleId, sequence, slot, taskId, cause, count, reason] = encoded;
  const slotAt = slot === null ? null : new Date(slot);
  return { noun, kind, namespace, scheduleId, sequence, at, slotAt, taskId, cause, count, reason };
}
