import { TaskError } from '@orrery/task-error';
import { cancelled, change, type Change } from './lease-commands.ts';
import { illegalTransition } from './refusal.ts';
import { eventOf, type TaskEvent } from './task-event.ts';
import type { Task, TaskSpec } from './task.ts';

/** A new task, PENDING, due at `runAt` or at once. */
export function newTask(spec: TaskSpec, runAt: Date, now: Date): Change {
  const task: Task = {
    ...spec,
    status: 'PENDING',
    runAt: runAt > now ? runAt : now,
    attempt: 0,
    maxAttempts: spec.retryPolicy.maxAttempts,
    workerId: '',
    leaseToken: null,
    leaseExpiresAt: null,
    cancelRequestedAt: null,
    progress: null,
    heartbeatAt: null,
    result: null,
    error: null,
    failedAttempts: [],
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    finishedAt: null,
    revision: 1,
  };
  return { task, event: eventOf(task, 'created') };
}

/** Cancels a PENDING task; notes the request on a RUNNING one. Null: nothing to do, it is cancelled or asked to be. */
export function cancelTask(task: Task, now: Date): Change | null {
  if (task.status === 'CANCELLED' || task.cancelRequestedAt) return null;
  if (task.status === 'PENDING') return cancelled(task, now);
  if (task.status === 'RUNNING') return change(task, 'cancel_requested', now, { cancelRequestedAt: now });
  throw illegalTransition(task.id, task.status, 'CANCELLED');
}

/** FAILED → PENDING, due now, with as many further attempts as the policy gives. Null: it is PENDING already. */
export function redriveTask(task: Task, now: Date): Change | null {
  if (task.status === 'PENDING') return null;
  if (task.status !== 'FAILED') throw illegalTransition(task.id, task.status, 'PENDING');
  return change(task, 'redriven', now, {
    status: 'PENDING',
    runAt: now,
    progress: null,
    maxAttempts: task.attempt + task.retryPolicy.maxAttempts,
    finishedAt: null,
  });
}

/** Moves a PENDING task to another time. */
export function rescheduleTask(task: Task, runAt: Date, now: Date): Change {
  if (task.status !== 'PENDING') throw illegalTransition(task.id, task.status, 'PENDING');
  return change(task, 'rescheduled', now, { runAt });
}

/** What is told of a task's deletion, its last event; the task itself is no more. Which tasks may be deleted is the caller's business. */
export function deleteTask(task: Task, now: Date): TaskEvent {
  return eventOf({ ...task, updatedAt: now, revision: task.revision + 1 }, 'deleted');
}

/** PENDING → FAILED: nobody has started the task within its queue timeout. Not tried again: it would have to wait in the same queue. */
export function expireTask(task: Task, now: Date): Change {
  if (task.status !== 'PENDING') throw illegalTransition(task.id, task.status, 'FAILED');
  const error = TaskError.create({
    errorType: 'timeout',
    exceptionType: 'QueueTimeout',
    message: `no worker started the task within ${task.queueTimeout?.toString() ?? '0s'} of when it was due`,
    timestamp: now,
    isRetryable: false,
    retryCount: Math.max(task.attempt - 1, 0),
  });
  return change(task, 'failed', now, { status: 'FAILED', error: error.toData(), finishedAt: now });
}
