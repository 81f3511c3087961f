import { isTerminal, type Task, type TaskKey, taskNotFound, type TaskStore } from '@orrery/core';
import type { Waiters } from './waiters.ts';

/** Waits until a task has ended, the time is over, or the caller has gone; returns the task as it then is. */
export async function waitTask(
  deps: { readonly store: TaskStore; readonly waiters: Waiters },
  key: TaskKey,
  waitMillis: number,
  signal: AbortSignal,
): Promise<Task> {
  let stop = (): void => {};
  // Waiting begins before looking, so that an end in between is not missed.
  const ended = new Promise<Task | null | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), waitMillis);
    const giveUp = (): void => resolve(undefined);
    const forget = deps.waiters.add(key, resolve);
    signal.addEventListener('abort', giveUp);
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      forget();
    };
  });
  try {
    const now = await getTask(deps.store, key);
    if (isTerminal(now.status) || waitMillis === 0) return now;
    return (await ended) ?? (await getTask(deps.store, key));
  } finally {
    stop();
  }
}

/** One task; refuses an unknown one. */
export async function getTask(store: TaskStore, key: TaskKey): Promise<Task> {
  const [task] = await store.getTasks([key]);
  if (!task) throw taskNotFound(key.namespace, key.id);
  return task;
}
