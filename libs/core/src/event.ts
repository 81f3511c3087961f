import { SCHEDULE_EVENT_KINDS, type ScheduleEvent } from './schedule-event.ts';
import { TASK_EVENT_KINDS, type TaskEvent } from './task-event.ts';
import { WORKER_EVENT_KINDS, type WorkerEvent } from './worker-event.ts';

/** A fact about anything that Orrery keeps. */
export type OrreryEvent = TaskEvent | WorkerEvent | ScheduleEvent;

/** What an event tells of, and whose changes its sequence counts: the id of a task, a worker, a schedule. */
export function subjectOf(event: OrreryEvent): string {
  switch (event.noun) {
    case 'task':
      return event.taskId;
    case 'worker':
      return event.workerId;
    case 'schedule':
      return event.scheduleId;
  }
}

/** The name of an event's type on the wire, e.g. "orrery.task.v1.succeeded". */
export function eventType(event: Pick<OrreryEvent, 'noun' | 'kind'>): string {
  return `orrery.${event.noun}.v1.${event.kind}`;
}

/** Every type of event there is. */
export const EVENT_TYPES: readonly string[] = [
  ...TASK_EVENT_KINDS.map((kind) => eventType({ noun: 'task', kind })),
  ...WORKER_EVENT_KINDS.map((kind) => eventType({ noun: 'worker', kind })),
  ...SCHEDULE_EVENT_KINDS.map((kind) => eventType({ noun: 'schedule', kind })),
];

/** Digits of a sequence in an event's id, so that ids sort as their events do. */
const SEQUENCE_DIGITS = 20;

/** A sequence with leading zeros, as it stands in ids and headers. */
export function paddedSequence(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

/** The event's id: the same however often the event is told, unique among all events. */
export function eventId(event: OrreryEvent): string {
  // A namespace may hold slashes; with them two different events could have one id.
  return `${event.namespace.replaceAll('/', '~')}/${event.noun}/${subjectOf(event)}/${paddedSequence(event.sequence)}`;
}
