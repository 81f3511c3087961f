import type { CreateOutcome, DedupWindow, NewTask } from '@orrery/core';

/** What a new task would hold of its key. */
export interface NewHold {
  readonly key: string;
  readonly taskId: string;
  readonly window: DedupWindow;
}

/** Whether some of the new tasks have a dedup key. */
export function haveKeys(tasks: readonly NewTask[]): boolean {
  return tasks.some(({ dedupWindow }) => dedupWindow !== undefined);
}

/** What the first new task with each key would hold of it; later ones with the same key are its duplicates. */
export function newHolds(tasks: readonly NewTask[]): ReadonlyMap<string, NewHold> {
  const holds = new Map<string, NewHold>();
  for (const { spec, dedupWindow: window } of tasks) {
    const key = spec.dedupKey;
    if (window !== undefined && !holds.has(key)) holds.set(key, { key, taskId: spec.id, window });
  }
  return holds;
}

/** What comes of new tasks, given who holds keys already: the first with a key that is free is created, and stands for the others. */
export function outcomesOf(tasks: readonly NewTask[], held: ReadonlyMap<string, string>): readonly CreateOutcome[] {
  const holders = new Map(held);
  return tasks.map(({ spec: { id, dedupKey }, dedupWindow }) => {
    const holder = dedupWindow === undefined ? undefined : holders.get(dedupKey);
    if (dedupWindow !== undefined && holder === undefined) holders.set(dedupKey, id);
    return { id: holder ?? id, deduplicated: holder !== undefined };
  });
}
