import { Duration } from '@orrery/duration';
import type { Task } from './task.ts';

/** How much longer the server waits than a timeout says: a worker that keeps time itself comes first, and says more about it. */
export const TIMEOUT_GRACE = Duration.ofSeconds(5);

/** When an attempt must be over, and by which timeout. */
export interface AttemptDeadline {
  readonly at: Date;
  readonly timeout: 'run' | 'heartbeat';
}

/** When the server ends the current attempt, whatever its worker says; null: it does not. */
export function attemptDeadline(
  task: Pick<Task, 'startedAt' | 'heartbeatAt' | 'runTimeout' | 'heartbeatTimeout'>,
): AttemptDeadline | null {
  const { startedAt, heartbeatAt, runTimeout, heartbeatTimeout } = task;
  if (!startedAt) return null;
  const run = runTimeout && TIMEOUT_GRACE.addTo(runTimeout.addTo(startedAt));
  const heartbeat = heartbeatTimeout && TIMEOUT_GRACE.addTo(heartbeatTimeout.addTo(heartbeatAt ?? startedAt));
  if (run && (!heartbeat || run <= heartbeat)) return { at: run, timeout: 'run' };
  return heartbeat && { at: heartbeat, timeout: 'heartbeat' };
}

/** When a lease ends that is given now for so long: no later than the attempt's deadline, which may have passed. */
export function leaseEnd(task: Task, duration: Duration, now: Date): Date {
  const end = duration.addTo(now);
  const deadline = attemptDeadline(task);
  return deadline && deadline.at < end ? deadline.at : end;
}

/** By which timeout an attempt was ended whose lease has run out; null: by none, the worker fell silent. */
export function timeoutOf(task: Task): AttemptDeadline['timeout'] | null {
  const deadline = attemptDeadline(task);
  return deadline && task.leaseExpiresAt && deadline.at <= task.leaseExpiresAt ? deadline.timeout : null;
}
