import type { OrreryEvent, TaskEvent, TaskEventKind, WorkerEvent } from '@orrery/core';

const AT = new Date('2026-01-01T12:00:00.000Z');

/** An event of a task as the suites need it. */
export function taskEvent(taskId: string, sequence: number, kind: TaskEventKind = 'created'): TaskEvent {
  return {
    noun: 'task',
    kind,
    namespace: 'default',
    taskId,
    sequence,
    at: AT,
    queue: 'default',
    type: 'Reports.Daily',
    status: 'PENDING',
    attempt: 0,
    workerId: '',
    correlationId: `of-${taskId}`,
    traceparent: '',
    error: null,
    progress: null,
  };
}

/** An event of a worker. */
export function workerEvent(workerId: string, sequence: number): WorkerEvent {
  return { noun: 'worker', kind: 'started', namespace: 'default', workerId, sequence, at: AT, state: 'ACTIVE' };
}

/** Several tasks that each go through some changes, interleaved. */
export function courseOf(tasks: number, changes: number, prefix = 'task'): readonly OrreryEvent[] {
  const events: OrreryEvent[] = [];
  for (let sequence = 1; sequence <= changes; sequence++)
    for (let task = 0; task < tasks; task++) events.push(taskEvent(`${prefix}-${task}`, sequence, 'rescheduled'));
  return events;
}
