import type { Task } from '@orrery/core';
import type { TaskWatcher } from './task-watcher.ts';

/** The tasks of these ids, each once, in the order in which they end. Throws TASK_NOT_FOUND for an id that does not exist. */
export async function* watchTasks(
  watcher: TaskWatcher,
  ids: Iterable<string>,
  signal?: AbortSignal,
): AsyncGenerator<Task> {
  const controller = new AbortController();
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const settled: PromiseSettledResult<Task>[] = [];
  let wake: () => void = () => undefined;
  const settle = (result: PromiseSettledResult<Task>) => {
    settled.push(result);
    wake();
  };
  const distinct = new Set(ids);
  for (const id of distinct) {
    watcher.ended(id, controller.signal).then(
      (value) => settle({ status: 'fulfilled', value }),
      (reason: unknown) => settle({ status: 'rejected', reason }),
    );
  }
  try {
    for (let seen = 0; seen < distinct.size;) {
      const result = settled[seen];
      if (!result) await new Promise<void>((resolve) => (wake = resolve));
      else if (result.status === 'rejected') throw result.reason;
      else {
        seen += 1;
        yield result.value;
      }
    }
  } finally {
    controller.abort();
    signal?.removeEventListener('abort', stop);
  }
}
