import {
  EVENT_TYPES,
  eventId,
  eventType,
  type OrreryEvent,
  type ScheduleEvent,
  subjectOf,
  type TaskProgress,
} from '@orrery/core';
import type * as eventv1 from './event-v1.ts';
import { SkipReason } from './generated/orrery/event/v1/event.ts';
import { invalidField } from './invalid-field.ts';
import { runCauseFromProto, runCauseToProto } from './map-schedule.ts';
import { taskErrorFromProto, taskErrorToProto } from './map-task-error.ts';
import { statusFromProto, statusToProto } from './map-task.ts';
import { timeFromProto } from './map-time.ts';
import { workerStateFromProto, workerStateToProto } from './map-worker.ts';

/** An event as the wire carries it, with the cursor that resumes after it; none where there is nothing to resume. */
export function eventToProto(event: OrreryEvent, cursor = ''): eventv1.Event {
  const isTask = event.noun === 'task';
  return {
    id: eventId(event),
    type: eventType(event),
    namespace: event.namespace,
    subject: subjectOf(event),
    sequence: BigInt(event.sequence),
    time: event.at,
    correlationId: isTask ? event.correlationId : '',
    traceparent: isTask ? event.traceparent : '',
    cursor,
    data: dataToProto(event),
  };
}

/**
 * Reads an event as a server tells of it; null if it is of a type that this version does not know. Refuses with INVALID_FIELD what
 * no server would say.
 */
export function eventFromProto(event: eventv1.Event, field = 'event'): OrreryEvent | null {
  const { namespace, subject, correlationId, traceparent, data } = event;
  if (!data || !EVENT_TYPES.includes(event.type)) return null;
  if (!event.time) throw invalidField(`${field}.time`, 'must be set');
  const kind = event.type.slice(event.type.lastIndexOf('.') + 1);
  const at = timeFromProto(event.time, `${field}.time`);
  const sequence = Number(event.sequence);
  if (data.$case === 'worker') {
    const state = workerStateFromProto(data.value.state, `${field}.worker.state`);
    return { noun: 'worker', kind: kind as WorkerKind, namespace, workerId: subject, sequence, at, state };
  }
  if (data.$case === 'schedule') {
    const facts = scheduleFactsFromProto(data.value, `${field}.schedule`);
    return {
      noun: 'schedule',
      kind: kind as ScheduleEvent['kind'],
      namespace,
      scheduleId: subject,
      sequence,
      at,
      ...facts,
    };
  }
  const { queue, taskType, attempt, workerId, error, progressPercent, progressMessage } = data.value;
  return {
    noun: 'task',
    kind: kind as TaskKind,
    namespace,
    taskId: subject,
    sequence,
    at,
    queue,
    type: taskType,
    status: statusFromProto(data.value.status, `${field}.task.status`),
    attempt,
    workerId,
    correlationId,
    traceparent,
    error: error ? taskErrorFromProto(error, `${field}.task.error`, at) : null,
    progress: kind === 'progressed' ? progressOf(progressPercent, progressMessage) : null,
  };
}

function progressOf(percent: number | undefined, message: string): TaskProgress {
  return { percent: percent ?? null, message };
}

type TaskKind = (OrreryEvent & { noun: 'task' })['kind'];
type WorkerKind = (OrreryEvent & { noun: 'worker' })['kind'];

function dataToProto(event: OrreryEvent): eventv1.Event['data'] {
  if (event.noun === 'worker') return { $case: 'worker', value: { state: workerStateToProto(event.state) } };
  if (event.noun === 'schedule') return { $case: 'schedule', value: scheduleFactsToProto(event) };
  const value = {
    queue: event.queue,
    taskType: event.type,
    status: statusToProto(event.status),
    attempt: event.attempt,
    workerId: event.workerId,
    error: event.error ? taskErrorToProto(event.error) : undefined,
    progressPercent: event.progress?.percent ?? undefined,
    progressMessage: event.progress?.message ?? '',
  };
  return { $case: 'task', value };
}

function scheduleFactsToProto(event: ScheduleEvent): eventv1.ScheduleEventData {
  return {
    slotTime: event.slotAt ?? undefined,
    taskId: event.taskId,
    cause: event.cause ? runCauseToProto(event.cause) : 0,
    count: event.count,
    reason: event.reason ? SkipReason[event.reason] : SkipReason.UNSPECIFIED,
  };
}

function scheduleFactsFromProto(data: eventv1.ScheduleEventData, field: string) {
  return {
    slotAt: timeFromProto(data.slotTime, `${field}.slot_time`),
    taskId: data.taskId,
    cause: data.cause === 0 ? null : runCauseFromProto(data.cause, `${field}.cause`),
    count: data.count,
    reason: skipReasonFromProto(data.reason, `${field}.reason`),
  };
}

function skipReasonFromProto(reason: SkipReason, field: string): ScheduleEvent['reason'] {
  switch (reason) {
    case SkipReason.UNSPECIFIED:
      return null;
    case SkipReason.OVERLAP:
      return 'OVERLAP';
    case SkipReason.MISSED:
      return 'MISSED';
    default:
      throw invalidField(field, `${reason} is not why a slot is left out`);
  }
}
