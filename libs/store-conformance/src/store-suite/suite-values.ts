import { Refusal, type LeaseRef, type Payload, type RetryDecision, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { TaskError, type TaskErrorData } from '@orrery/task-error';

/** Another attempt at once. */
export const RETRY_NOW: RetryDecision = { retry: true, delay: Duration.ZERO };

/** No further attempt. */
export const NO_MORE: RetryDecision = { retry: false };

/** The lease that most tests take. */
export const LEASE = Duration.ofSeconds(30);

/** The only one there is; fails if there is none or another. */
export function one<T>(items: readonly T[]): T {
  const [item, ...others] = items;
  if (item === undefined || others.length > 0) throw new Error(`one was expected, but there are ${items.length}`);
  return item;
}

/** The lease of a running task. */
export function leaseOf(task: Task): LeaseRef {
  if (task.leaseToken === null) throw new Error(`task "${task.id}" has no lease token`);
  return { taskId: task.id, token: task.leaseToken };
}

/** The text as a JSON payload. */
export function payload(text: string): Payload {
  return { data: new TextEncoder().encode(text), contentType: 'application/json' };
}

/** A reason to have failed. */
export function taskError(message = 'it broke'): TaskErrorData {
  return TaskError.create({ message, errorType: 'network', timestamp: new Date('2026-01-01T00:00:00.123Z') }).toData();
}

/** The refusal that a call ends with; fails if it ends otherwise. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const refusal = await call.then(
    () => new Error('the call was not refused'),
    (error: unknown) => error,
  );
  if (refusal instanceof Refusal) return refusal;
  throw refusal;
}
