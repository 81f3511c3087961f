import type { Task } from './task.ts';

/** Until when a PENDING task may be started: before its queue timeout has passed. Null: at any time. */
export function startBy(task: Pick<Task, 'runAt' | 'queueTimeout'>): Date | null {
  return task.queueTimeout?.addTo(task.runAt) ?? null;
}
