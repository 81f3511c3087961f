import type { Duration } from '@orrery/duration';
import type { TaskErrorData } from '@orrery/task-error';
import type { Payload } from './payload.ts';
import { illegalTransition, leaseLost, Refusal } from './refusal.ts';
import type { RetryDecision } from './retry-policy.ts';
import type { ExtendOutcome } from './task-store.ts';
import { type TaskEvent, type TaskEventKind, eventOf } from './task-event.ts';
import { leaseEnd } from './attempt-deadline.ts';
import { startBy } from './start-by.ts';
import { MAX_FAILED_ATTEMPTS, type FailedAttempt, type Task, type TaskProgress } from './task.ts';

/** A task after a change, and the event that tells of it. */
export interface Change {
  readonly task: Task;
  readonly event: TaskEvent;
}

/** PENDING → RUNNING: a worker takes the task. Refused unless it is PENDING, due, and within its queue timeout. */
export function claimTask(
  task: Task,
  lease: { readonly workerId: string; readonly token: string; readonly duration: Duration },
  now: Date,
): Change {
  const lastStart = startBy(task);
  if (task.status !== 'PENDING' || task.runAt > now || (lastStart && lastStart <= now))
    throw illegalTransition(task.id, task.status, 'RUNNING');
  return change(task, 'started', now, {
    status: 'RUNNING',
    attempt: task.attempt + 1,
    workerId: lease.workerId,
    leaseToken: lease.token,
    leaseExpiresAt: lease.duration.addTo(now),
    startedAt: now,
  });
}

/** RUNNING → SUCCEEDED; or CANCELLED if that was asked for meanwhile: a cancelled task never completes later. */
export function completeTask(task: Task, token: string, result: Payload | null, now: Date): Change {
  assertLease(task, token);
  if (task.cancelRequestedAt) return cancelled(task, now);
  return change(task, 'succeeded', now, {
    status: 'SUCCEEDED',
    result,
    error: null,
    leaseExpiresAt: null,
    heartbeatAt: null,
    finishedAt: now,
  });
}

/** Whether a completion with this token was accepted before: then it is accepted again, and changes nothing. */
export function repeatsCompletion(task: Task, token: string): boolean {
  return task.status === 'SUCCEEDED' && task.leaseToken === token;
}

/** RUNNING → PENDING or FAILED, as the retry decision says; or CANCELLED if that was asked for. */
export function failTask(task: Task, token: string, error: TaskErrorData, decision: RetryDecision, now: Date): Change {
  assertLease(task, token);
  const failed: FailedAttempt = {
    attempt: task.attempt,
    workerId: task.workerId,
    startedAt: task.startedAt ?? now,
    finishedAt: now,
    error,
  };
  const failedAttempts = [...task.failedAttempts, failed].slice(-MAX_FAILED_ATTEMPTS);
  const ended = { error, failedAttempts, ...noLease };
  if (task.cancelRequestedAt) return cancelled({ ...task, ...ended }, now);
  if (!decision.retry) return change(task, 'failed', now, { ...ended, status: 'FAILED', finishedAt: now });
  return change(task, 'retry_scheduled', now, {
    ...ended,
    status: 'PENDING',
    runAt: decision.delay.addTo(now),
    progress: null,
  });
}

/** RUNNING → PENDING without using up the attempt; or CANCELLED if that was asked for. */
export function releaseTask(task: Task, token: string, now: Date): Change {
  assertLease(task, token);
  if (task.cancelRequestedAt) return cancelled(task, now);
  return change(task, 'released', now, {
    status: 'PENDING',
    attempt: task.attempt - 1,
    runAt: now,
    progress: null,
    ...noLease,
  });
}

/** RUNNING stays RUNNING, for longer, but not beyond its deadline. Not a change of revision: there is nothing to tell. */
export function extendLease(task: Task, token: string, duration: Duration, now: Date): Task {
  assertLease(task, token);
  return { ...task, leaseExpiresAt: leaseEnd(task, duration, now), updatedAt: now };
}

/** RUNNING stays RUNNING: the handler says how far it is, and the lease is extended; null: only that it is alive, which nobody is told of. */
export function reportProgress(
  task: Task,
  token: string,
  progress: TaskProgress | null,
  duration: Duration,
  now: Date,
): { readonly task: Task; readonly event: TaskEvent | null } {
  assertLease(task, token);
  const alive = { ...task, heartbeatAt: now, updatedAt: now };
  const leaseExpiresAt = leaseEnd(alive, duration, now);
  if (!progress) return { task: { ...alive, leaseExpiresAt }, event: null };
  return change(alive, 'progressed', now, { progress, leaseExpiresAt });
}

const noLease = { leaseToken: null, leaseExpiresAt: null, heartbeatAt: null } as const;

/** Ends the task as CANCELLED. */
export function cancelled(task: Task, now: Date): Change {
  return change(task, 'cancelled', now, { status: 'CANCELLED', finishedAt: now, ...noLease });
}

/** Applies a change: the revision rises by one, the time is noted, the event is made. */
export function change(task: Task, kind: TaskEventKind, now: Date, patch: Partial<Task>): Change {
  const changed = { ...task, ...patch, updatedAt: now, revision: task.revision + 1 };
  return { task: changed, event: eventOf(changed, kind) };
}

function assertLease(task: Task, token: string): void {
  if (task.status !== 'RUNNING' || task.leaseToken !== token) throw leaseLost(task.id);
}

/** Refuses an outcome because the task was cancelled while it ran. */
export function taskCancelled(taskId: string): Refusal {
  return new Refusal('TASK_CANCELLED', `task "${taskId}" was cancelled while it ran`, { task_id: taskId });
}

/** What a worker hears of a lease that was extended. */
export function extended(task: Task, now: Date): ExtendOutcome {
  const expiresAt = task.leaseExpiresAt ?? now;
  const cancelRequested = task.cancelRequestedAt !== null;
  return { taskId: task.id, expiresAt, isOver: expiresAt <= now, cancelRequested, refusal: null };
}
