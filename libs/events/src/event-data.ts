import type {
  OrreryEvent,
  ScheduleEvent,
  TaskEvent,
  TaskProgress,
  TaskStatus,
  WorkerEvent,
  WorkerState,
} from '@orrery/core';
import { TaskError, type TaskErrorJson } from '@orrery/task-error';

/** The body of `orrery.task.v1.*`. */
export interface TaskEventJson {
  readonly queue: string;
  readonly task_type: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly worker_id: string;
  /** With failed and retry_scheduled, if it is known. */
  readonly error?: TaskErrorJson;
  /** With progressed. */
  readonly progress_percent?: number;
  readonly progress_message?: string;
}

/** The body of `orrery.worker.v1.*`. */
export interface WorkerEventJson {
  readonly state: WorkerState;
}

/** The body of `orrery.schedule.v1.*`; what does not apply is left out. */
export interface ScheduleEventJson {
  readonly slot_time?: string;
  readonly task_id?: string;
  readonly cause?: NonNullable<ScheduleEvent['cause']>;
  readonly count?: number;
  readonly reason?: NonNullable<ScheduleEvent['reason']>;
}

/** What an event tells beyond its headers, as JSON. */
export function writeEventData(event: OrreryEvent): string {
  switch (event.noun) {
    case 'task':
      return JSON.stringify(taskData(event));
    case 'worker':
      return JSON.stringify(workerData(event));
    case 'schedule':
      return JSON.stringify(scheduleData(event));
  }
}

/** What the headers of an event tell, and its body does not. */
export interface EventHead {
  readonly noun: string;
  readonly kind: string;
  readonly namespace: string;
  readonly subject: string;
  readonly sequence: number;
  readonly at: Date;
  readonly correlationId: string;
  readonly traceparent: string;
}

/** Puts head and body together again. Throws a SyntaxError if the body is no JSON object. */
export function readEventData(head: EventHead, json: string): OrreryEvent {
  const data: unknown = JSON.parse(json);
  if (typeof data !== 'object' || data === null) throw new SyntaxError('the body of an event must be a JSON object');
  // What was written by a version that knew more, or less, is still told of: unknown fields are left out.
  if (head.noun === 'worker') return readWorkerEvent(head, data as WorkerEventJson);
  if (head.noun === 'schedule') return readScheduleEvent(head, data);
  return readTaskEvent(head, data as TaskEventJson);
}

function taskData(event: TaskEvent): TaskEventJson {
  return {
    queue: event.queue,
    task_type: event.type,
    status: event.status,
    attempt: event.attempt,
    worker_id: event.workerId,
    ...(event.progress && progressData(event.progress)),
    ...(event.error && { error: TaskError.fromData(event.error).toJSON() }),
  };
}

function progressData({ percent, message }: TaskProgress) {
  return { ...(percent !== null && { progress_percent: percent }), progress_message: message };
}

function readProgress(data: TaskEventJson): TaskProgress {
  return { percent: data.progress_percent ?? null, message: data.progress_message ?? '' };
}

function workerData(event: WorkerEvent): WorkerEventJson {
  return { state: event.state };
}

function readTaskEvent(head: EventHead, data: TaskEventJson): TaskEvent {
  return {
    noun: 'task',
    kind: head.kind as TaskEvent['kind'],
    namespace: head.namespace,
    taskId: head.subject,
    sequence: head.sequence,
    at: head.at,
    queue: data.queue,
    type: data.task_type,
    status: data.status,
    attempt: data.attempt,
    workerId: data.worker_id,
    correlationId: head.correlationId,
    traceparent: head.traceparent,
    error: data.error ? TaskError.fromJSON(data.error).toData() : null,
    progress: head.kind === 'progressed' ? readProgress(data) : null,
  };
}

function readWorkerEvent(head: EventHead, data: WorkerEventJson): WorkerEvent {
  return {
    noun: 'worker',
    kind: head.kind as WorkerEvent['kind'],
    namespace: head.namespace,
    workerId: head.subject,
    sequence: head.sequence,
    at: head.at,
    state: data.state,
  };
}

function scheduleData({ slotAt, taskId, cause, count, reason }: ScheduleEvent): ScheduleEventJson {
  return {
    ...(slotAt && { slot_time: slotAt.toISOString() }),
    ...(taskId !== '' && { task_id: taskId }),
    ...(cause && { cause }),
    ...(count > 0 && { count }),
    ...(reason && { reason }),
  };
}

function readScheduleEvent(head: EventHead, data: ScheduleEventJson): ScheduleEvent {
  return {
    noun: 'schedule',
    kind: head.kind as ScheduleEvent['kind'],
    namespace: head.namespace,
    scheduleId: head.subject,
    sequence: head.sequence,
    at: head.at,
    slotAt: data.slot_time === undefined ? null : new Date(data.slot_time),
    taskId: data.task_id ?? '',
    cause: data.cause ?? null,
    count: data.count ?? 0,
    reason: data.reason ?? null,
  };
}
