import { isTerminal, type Task, type TaskKey, type TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look at the tasks that are waited for when no event told of their end. */
const POLL_INTERVAL = Duration.ofMillis(500);

/** Every so many looks, 10 s, it is also looked whether tasks were deleted: nobody need tell of that. */
const LOOK_FOR_GONE = 20;

/** How many tasks one look asks for. */
const BATCH = 500;

/**
 * Everybody who waits for tasks to end. Events make it quick; a set-based look at the store, however many wait, makes it certain.
 */
export class Waiters {
  private readonly waiting = new Map<
    string,
    { readonly key: TaskKey; readonly callbacks: Set<(task: Task | null) => void> }
  >();
  private polls = 0;
  private readonly told = new Map<string, TaskKey>();
  private readonly store: TaskStore;
  private readonly poll: Loop;
  private readonly tell: Loop;

  constructor(store: TaskStore, logger: Logger) {
    this.store = store;
    this.poll = startLoop({ name: 'wait-poll', interval: POLL_INTERVAL, runOnce: () => this.lookAtAll(), logger });
    this.tell = startLoop({
      name: 'wait-tell',
      interval: Duration.ofSeconds(60),
      runOnce: () => this.lookAtTold(),
      logger,
    });
  }

  /** Calls back once, when the task has ended, or with null when it was deleted. The returned function ends the wait. */
  add(key: TaskKey, callback: (task: Task | null) => void): () => void {
    const name = nameOf(key);
    const entry = this.waiting.get(name) ?? { key, callbacks: new Set() };
    this.waiting.set(name, entry);
    entry.callbacks.add(callback);
    return () => {
      entry.callbacks.delete(callback);
      if (entry.callbacks.size === 0 && this.waiting.get(name) === entry) this.waiting.delete(name);
    };
  }

  /** An event says that the task has ended. */
  ended(key: TaskKey): void {
    const name = nameOf(key);
    if (!this.waiting.has(name)) return;
    this.told.set(name, key);
    this.tell.wake();
  }

  /** An event says that the task was deleted. */
  gone(key: TaskKey): void {
    this.answer(key, null);
  }

  async stop(): Promise<void> {
    await Promise.all([this.poll.stop(), this.tell.stop()]);
  }

  private async lookAtTold(): Promise<'again' | 'idle'> {
    const keys = [...this.told.values()].slice(0, BATCH);
    for (const key of keys) this.told.delete(nameOf(key));
    await this.look(keys);
    return this.told.size > 0 ? 'again' : 'idle';
  }

  private async lookAtAll(): Promise<'again' | 'idle'> {
    const keys = [...this.waiting.values()].map(({ key }) => key);
    const alsoGone = (this.polls += 1) % LOOK_FOR_GONE === 0;
    for (let i = 0; i < keys.length; i += BATCH) {
      const some = keys.slice(i, i + BATCH);
      await (alsoGone ? this.lookForGone(some) : this.look(some));
    }
    return 'idle';
  }

  private async look(keys: readonly TaskKey[]): Promise<void> {
    if (keys.length === 0) return;
    for (const task of await this.store.getTasks(keys, 'ended')) {
      if (isTerminal(task.status)) this.answer(task, task);
    }
  }

  /** Looks at live tasks too: what is nowhere was deleted. */
  private async lookForGone(keys: readonly TaskKey[]): Promise<void> {
    const tasks = new Map((await this.store.getTasks(keys)).map((task) => [nameOf(task), task]));
    for (const key of keys) {
      const task = tasks.get(nameOf(key)) ?? null;
      if (!task || isTerminal(task.status)) this.answer(key, task);
    }
  }

  private answer(key: TaskKey, task: Task | null): void {
    const name = nameOf(key);
    const entry = this.waiting.get(name);
    this.waiting.delete(name);
    for (const callback of entry?.callbacks ?? []) callback(task);
  }
}

function nameOf({ namespace, id }: TaskKey): string {
  return `${namespace}\n${id}`;
}
