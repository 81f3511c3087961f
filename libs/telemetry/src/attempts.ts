import type { LeaseRef, Task } from '@orrery/core';

/** What is to be said of a task in logs, spans and metrics. */
export interface TaskFacts {
  readonly namespace: string;
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly correlationId: string;
  readonly traceparent: string;
  readonly workerId: string;
  readonly attempt: number;
}

/** An attempt that is under way, and since when. */
export interface Attempt extends TaskFacts {
  /** How long after the task's creation it began, in milliseconds. */
  readonly afterCreation: number;
  /** When it began, by this machine's monotonic clock, in milliseconds. */
  readonly startedAt: number;
}

/** Beyond this, what is known of the attempts that began first is forgotten, and asked of the store should they end. */
const MAX_KNOWN = 50_000;

/** The attempts that this process gave out, so that what comes of them can be told without asking the store. */
export class Attempts {
  readonly #known = new Map<string, Attempt>();

  /** Notes an attempt that begins now. */
  begin(task: Task): void {
    const [first] = this.#known.keys();
    if (first !== undefined && this.#known.size >= MAX_KNOWN) this.#known.delete(first);
    const { taskId, token } = { taskId: task.id, token: task.leaseToken ?? '' };
    this.#known.set(keyOf({ taskId, token }), {
      ...factsOf(task),
      afterCreation: (task.startedAt ?? task.createdAt).getTime() - task.createdAt.getTime(),
      startedAt: performance.now(),
    });
  }

  /** What is known of an attempt. */
  find(lease: LeaseRef): Attempt | undefined {
    return this.#known.get(keyOf(lease));
  }

  /** Forgets an attempt that has ended. */
  end(lease: LeaseRef): void {
    this.#known.delete(keyOf(lease));
  }
}

/** What of a task is told of it. */
export function factsOf(task: Task): TaskFacts {
  const { namespace, id, queue, type, correlationId, traceparent, workerId, attempt } = task;
  return { namespace, id, queue, type, correlationId, traceparent, workerId, attempt };
}

// A token is unique to a claim, which may have taken several tasks.
function keyOf({ taskId, token }: LeaseRef): string {
  return `${token} ${taskId}`;
}
