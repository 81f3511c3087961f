import type { Duration } from '@orrery/duration';
import type { TaskErrorData } from '@orrery/task-error';
import type { Payload } from './payload.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** Where a task is in its life; docs/state-machine.md has the diagram. */
export const TASK_STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;

/** Where a task is in its life. */
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The caller's own marks on a task or worker. */
export type Labels = Readonly<Record<string, string>>;

/** Names a task. */
export interface TaskKey {
  readonly namespace: string;
  readonly id: string;
}

/** What a caller decides about a task when creating it; fixed for the task's whole life but for `runAt`. */
export interface TaskSpec extends TaskKey {
  readonly queue: string;
  readonly type: string;
  readonly params: Payload;
  /** Higher runs first under the PRIORITY strategy. */
  readonly priority: number;
  /** The tenant or resource it belongs to, for fairness and limits; empty: none. */
  readonly flowKey: string;
  readonly retryPolicy: RetryPolicy;
  /** How long one attempt may run; null: no limit. */
  readonly runTimeout: Duration | null;
  /** How long it may wait for a worker, counted from when it was due; then it ends as FAILED. Null: no limit. */
  readonly queueTimeout: Duration | null;
  /** How long a handler may go without reporting progress or a heartbeat; then its attempt has failed. Null: no limit. */
  readonly heartbeatTimeout: Duration | null;
  /** How long it is kept after it has ended. Default: as long as tasks that ended so are kept. */
  readonly retention?: Duration;
  readonly labels: Labels;
  readonly correlationId: string;
  /** W3C trace context of the creation; empty if there was none. */
  readonly traceparent: string;
  /** The task whose handler created this one; empty if none did. */
  readonly parentTaskId: string;
  /** The schedule that made it, if one did. */
  readonly scheduleId?: string;
  /** By what duplicates of it are known; empty: it stands for itself. */
  readonly dedupKey: string;
  /** The version of its type that it was made for; 0: the type has none. */
  readonly typeVersion: number;
}

/** One piece of work that must not be lost. */
export interface Task extends TaskSpec {
  readonly status: TaskStatus;
  /** While PENDING: not to be claimed before this. */
  readonly runAt: Date;
  /** How many attempts have begun; rises only on entering RUNNING. */
  readonly attempt: number;
  /** How many attempts it may have; starts as the policy's and grows with each redrive. */
  readonly maxAttempts: number;
  /** Who runs it, or ran it last; empty before the first attempt. */
  readonly workerId: string;
  /** The fencing token of the current attempt; the last one's once the task has succeeded; else null. */
  readonly leaseToken: string | null;
  /** Only while RUNNING. */
  readonly leaseExpiresAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** How far the current attempt is, or the last one was, as its handler says; null: it has not said. */
  readonly progress: TaskProgress | null;
  /** When the handler last reported progress or a heartbeat; only while RUNNING. */
  readonly heartbeatAt: Date | null;
  readonly result: Payload | null;
  /** Why the last attempt did not succeed. */
  readonly error: TaskErrorData | null;
  /** Oldest first, at most `MAX_FAILED_ATTEMPTS`. */
  readonly failedAttempts: readonly FailedAttempt[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  /** Set exactly when the status is terminal. */
  readonly finishedAt: Date | null;
  /** 1 at creation, +1 with each change; the sequence of the change's event. */
  readonly revision: number;
}

/** How far a task is, as its handler says. */
export interface TaskProgress {
  /** 0 to 100; null: not to be said in numbers. */
  readonly percent: number | null;
  readonly message: string;
}

/** An attempt that did not succeed. */
export interface FailedAttempt {
  readonly attempt: number;
  readonly workerId: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly error: TaskErrorData;
}

/** How many failed attempts a task remembers; older ones are forgotten first. */
export const MAX_FAILED_ATTEMPTS = 20;

/** Names a lease: the right to one attempt. */
export interface LeaseRef {
  readonly taskId: string;
  readonly token: string;
}
