import type { Task } from '@orrery/core';
import type { Claimer, ClaimOptions } from './claimer.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Waits for up to `maxTasks` tasks until there are any, the time is over, or the caller has gone (then nothing is leased to it). */
export function pollForTasks(
  dispatcher: Dispatcher,
  options: ClaimOptions,
  maxTasks: number,
  waitMillis: number,
  signal: AbortSignal,
): Promise<readonly Task[]> {
  return new Promise((resolve) => {
    let done = false;
    const finish = (tasks: readonly Task[]): boolean => {
      if (done) return false;
      done = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      place.remove();
      resolve(tasks);
      return true;
    };
    const claimer: Claimer = {
      options,
      wanted: () => (done ? 0 : maxTasks),
      deliver: (tasks) => !signal.aborted && finish(tasks),
    };
    const giveUp = (): void => void finish([]);
    const timer = setTimeout(giveUp, waitMillis);
    signal.addEventListener('abort', giveUp);
    const place = dispatcher.add(claimer);
  });
}
