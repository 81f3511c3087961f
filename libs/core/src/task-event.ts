import type { TaskErrorData } from '@orrery/task-error';
import type { Task, TaskProgress, TaskStatus } from './task.ts';

/** What happened to a task. Every change of a task's revision is one of these. */
export const TASK_EVENT_KINDS = [
  'created',
  'started',
  'succeeded',
  'failed',
  'retry_scheduled',
  'released',
  'progressed',
  'cancel_requested',
  'cancelled',
  'redriven',
  'rescheduled',
  'deleted',
] as const;

/** What happened to a task. */
export type TaskEventKind = (typeof TASK_EVENT_KINDS)[number];

/** A fact about a task, written in the same transaction as the change it tells of. */
export interface TaskEvent {
  readonly noun: 'task';
  readonly kind: TaskEventKind;
  readonly namespace: string;
  readonly taskId: string;
  /** The task's revision after the change: 1 for its creation, then without a gap. */
  readonly sequence: number;
  readonly at: Date;
  readonly queue: string;
  readonly type: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly workerId: string;
  readonly correlationId: string;
  readonly traceparent: string;
  /** With failed and retry_scheduled: why; else null. */
  readonly error: TaskErrorData | null;
  /** With progressed: how far it is; else null. */
  readonly progress: TaskProgress | null;
}

/** The event that tells of the task's latest change. */
export function eventOf(task: Task, kind: TaskEventKind): TaskEvent {
  return {
    noun: 'task',
    kind,
    namespace: task.namespace,
    taskId: task.id,
    sequence: task.revision,
    at: task.updatedAt,
    queue: task.queue,
    type: task.type,
    status: task.status,
    attempt: task.attempt,
    workerId: task.workerId,
    correlationId: task.correlationId,
    traceparent: task.traceparent,
    error: kind === 'failed' || kind === 'retry_scheduled' ? task.error : null,
    progress: kind === 'progressed' ? task.progress : null,
  };
}
