import { Duration } from '@orrery/duration';
import { TaskError } from '@orrery/task-error';
import { cancelled, claimTask, completeTask, failTask } from './lease-commands.ts';
import { EXPONENTIAL } from './retry-policy.ts';
import { cancelTask, newTask, redriveTask, rescheduleTask } from './task-commands.ts';
import { eventOf } from './task-event.ts';
import type { Task, TaskSpec, TaskStatus } from './task.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const later = new Date('2026-03-01T12:00:10.000Z');
const spec: TaskSpec = {
  namespace: 'n',
  id: 'task-1',
  queue: 'q',
  type: 't',
  params: { data: Uint8Array.of(1), contentType: 'a/b' },
  priority: 3,
  flowKey: '',
  retryPolicy: EXPONENTIAL,
  runTimeout: null,
  queueTimeout: null,
  heartbeatTimeout: null,
  labels: { a: 'b' },
  correlationId: 'c',
  traceparent: 'p',
  parentTaskId: '',
  dedupKey: '',
  typeVersion: 0,
};
const pending = newTask(spec, now, now).task;
const running = claimTask(pending, { workerId: 'w', token: 'x', duration: Duration.ofSeconds(30) }, now).task;
const broken = TaskError.create({ message: 'broken', timestamp: now }).toData();
const byStatus: Record<TaskStatus, Task> = {
  PENDING: pending,
  RUNNING: running,
  SUCCEEDED: completeTask(running, 'x', null, now).task,
  FAILED: failTask(running, 'x', broken, { retry: false }, now).task,
  CANCELLED: cancelled(pending, now).task,
};

describe('a new task', () => {
  it('is PENDING, due, with no attempt made', () => {
    expect(pending).toMatchObject({ ...spec, status: 'PENDING', runAt: now, attempt: 0, maxAttempts: 5, revision: 1 });
    expect(pending).toMatchObject({ workerId: '', leaseToken: null, leaseExpiresAt: null, finishedAt: null });
  });

  it('is due at the time that was asked for, but never before it was made', () => {
    expect(newTask(spec, later, now).task.runAt).toEqual(later);
    expect(newTask(spec, now, later).task.runAt).toEqual(later);
  });

  it('is told of by its first event', () => {
    const { task, event } = newTask(spec, later, now);
    expect(event).toEqual(eventOf(task, 'created'));
    expect(event).toMatchObject({ sequence: 1, at: now, status: 'PENDING', attempt: 0, correlationId: 'c' });
  });
});

describe('cancelling', () => {
  it('ends a PENDING task', () => {
    const change = cancelTask(pending, later);
    expect(change?.event.kind).toBe('cancelled');
    expect(change?.task).toMatchObject({ status: 'CANCELLED', finishedAt: later, updatedAt: later, revision: 2 });
  });

  it('only notes the request on a RUNNING task, once', () => {
    const change = cancelTask(running, later);
    expect(change?.event.kind).toBe('cancel_requested');
    expect(change?.task).toEqual({ ...running, cancelRequestedAt: later, updatedAt: later, revision: 3 });
    expect(change && cancelTask(change.task, later)).toBeNull();
  });

  it('changes nothing about a CANCELLED task', () => {
    expect(cancelTask(byStatus.CANCELLED, later)).toBeNull();
  });

  it.each(['SUCCEEDED', 'FAILED'] as const)('is refused for a task that has %s', (status) => {
    expect(() => cancelTask(byStatus[status], later)).toThrow(
      expect.objectContaining({
        reason: 'ILLEGAL_TRANSITION',
        metadata: { task_id: 'task-1', from: status, to: 'CANCELLED' },
      }),
    );
  });
});

describe('redriving', () => {
  it('sets a FAILED task PENDING, due now, with as many further attempts as a new one has', () => {
    const change = redriveTask(byStatus.FAILED, later);
    expect(change?.event.kind).toBe('redriven');
    expect(change?.task).toEqual({
      ...byStatus.FAILED,
      status: 'PENDING',
      runAt: later,
      maxAttempts: 6,
      finishedAt: null,
      updatedAt: later,
      revision: 4,
    });
  });

  it('changes nothing about a PENDING task', () => {
    expect(redriveTask(pending, later)).toBeNull();
  });

  it.each(['RUNNING', 'SUCCEEDED', 'CANCELLED'] as const)('is refused for a task that is %s', (status) => {
    expect(() => redriveTask(byStatus[status], later)).toThrow(
      expect.objectContaining({
        reason: 'ILLEGAL_TRANSITION',
        metadata: { task_id: 'task-1', from: status, to: 'PENDING' },
      }),
    );
  });
});

describe('rescheduling', () => {
  it('moves a PENDING task', () => {
    const { task, event } = rescheduleTask(pending, later, now);
    expect(event.kind).toBe('rescheduled');
    expect(task).toEqual({ ...pending, runAt: later, revision: 2 });
  });

  it.each(['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const)('is refused for a task that is %s', (status) => {
    expect(() => rescheduleTask(byStatus[status], later, now)).toThrow(
      expect.objectContaining({ reason: 'ILLEGAL_TRANSITION' }),
    );
  });
});
