import { dedupKeyTaken, holdKey, isKeyHeld, isTerminal, mayRedrive, takesKeyBack } from '@orrery/core';
import type { DedupHold, NewTask, Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { newHolds } from '../dedup-holds.ts';
import type { TaskTable } from './task-table.ts';

/** How long a key is held at least before it is looked at whether anybody still does. */
const UNDISTURBED = Duration.of({ minutes: 1 });

interface Entry {
  readonly namespace: string;
  readonly hold: DedupHold;
  readonly heldAt: Date;
}

/** Dedup keys, and who holds them. */
export class DedupKeys {
  readonly #table: TaskTable;
  readonly #entries = new Map<string, Entry>();

  constructor(table: TaskTable) {
    this.#table = table;
  }

  /** The keys of new tasks that are held, with the tasks that hold them. */
  held(namespace: string, tasks: readonly NewTask[], now: Date): ReadonlyMap<string, string> {
    const held = new Map<string, string>();
    for (const key of newHolds(tasks).keys()) {
      const hold = this.#entries.get(nameOf(namespace, key))?.hold;
      if (hold && isKeyHeld(hold, this.#isLive(namespace, hold), now)) held.set(key, hold.taskId);
    }
    return held;
  }

  /** A new task takes its key, if it has one. */
  take(namespace: string, { spec, dedupWindow }: NewTask, now: Date): void {
    if (dedupWindow === undefined) return;
    const hold = holdKey(spec.id, dedupWindow, now);
    this.#entries.set(nameOf(namespace, spec.dedupKey), { namespace, hold, heldAt: now });
  }

  /** Sees to it that a task that is to be active again has its key to itself; refuses with DEDUP_KEY_TAKEN if it has not. */
  takeBack({ namespace, id, dedupKey }: Task, now: Date): void {
    const hold = dedupKey === '' ? undefined : this.#entries.get(nameOf(namespace, dedupKey))?.hold;
    if (!hold || !takesKeyBack(id, hold)) return;
    if (!mayRedrive(id, hold, this.#isLive(namespace, hold))) throw dedupKeyTaken(id, dedupKey, hold.taskId);
    this.#entries.set(nameOf(namespace, dedupKey), { namespace, hold: { ...hold, taskId: id }, heldAt: now });
  }

  /** Forgets keys that nobody holds any more; returns how many. */
  purge(limit: number, now: Date): number {
    const isFree = ({ namespace, hold, heldAt }: Entry) => {
      if (hold.window !== 'WHILE_ACTIVE') return !isKeyHeld(hold, true, now);
      return UNDISTURBED.addTo(heldAt) < now && !this.#table.get({ namespace, id: hold.taskId });
    };
    const free = [...this.#entries].filter(([, entry]) => isFree(entry)).slice(0, limit);
    for (const [name] of free) this.#entries.delete(name);
    return free.length;
  }

  #isLive(namespace: string, { taskId }: DedupHold): boolean {
    const row = this.#table.get({ namespace, id: taskId });
    return row !== undefined && !isTerminal(row.task.status);
  }
}

function nameOf(namespace: string, key: string): string {
  return `${namespace}\0${key}`;
}
