import type { CreateOutcome, NewTask, TaskStore } from '@orrery/core';
import { bodyHash } from './body-hash.ts';
import type { RequestContext } from './parse-task-spec.ts';
import type { SchedulerPort } from './scheduler-port.ts';

/** What creating tasks needs. */
export interface CreateDeps {
  readonly store: TaskStore;
  readonly scheduler: SchedulerPort;
}

/** What makes storing tasks idempotent. */
export interface RequestOnce {
  /** Empty: it is not. */
  readonly id: string;
  /** The whole request as bytes: another one must not have the same id. */
  readonly encoded: () => Uint8Array;
}

/** Stores tasks, all or none, and tells the scheduler of them. */
export async function storeTasks(
  deps: CreateDeps,
  context: RequestContext,
  tasks: readonly NewTask[],
  { id, encoded }: RequestOnce,
): Promise<readonly CreateOutcome[]> {
  if (tasks.length === 0) return [];
  const request = id === '' ? null : { id, bodyHash: bodyHash(encoded()) };
  const names = [...new Set(tasks.map(({ spec }) => spec.queue))];
  const queues = names.map((queue) => ({ namespace: context.namespace, queue }));
  const { namespace, quota } = context;
  const creation = deps.store.createTasks({ namespace, tasks, request, ...(quota && { quota }) });
  if (deps.store.sharesTransactions) deps.scheduler.offer?.(queues);
  const outcomes = await creation;
  deps.scheduler.wake({ queues, scheduled: tasks.some(({ due }) => due !== null) });
  return outcomes;
}
