import { taskToProto, type taskv1, viewFromProto } from '@orrery/contracts';
import { isTerminal, Refusal, type Task, type TaskKey, type TaskStore } from '@orrery/core';
import { Checks, Outgoing } from '@orrery/service';
import type { Waiters } from './waiters.ts';

/** How many ids one message may add, and one stream may wait for at a time. */
const MAX_PER_MESSAGE = 1000;
const MAX_PER_STREAM = 100_000;

/**
 * Tasks are sent in messages of about this size, well below the 4 MiB that a client accepts by default. The server's stream holds 16 of
 * them that its peer has not taken.
 */
const MESSAGE_BYTES = 256 * 1024;

/** What a caller who does not read may make this process hold; what ends beyond it is known by its id and read again when there is room. */
const MAX_HELD_BYTES = 4 * 1024 * 1024;

/** How many such tasks are read again at a time: with the default limit of a payload, some 2 MiB each at most. */
const READ_AGAIN = 4;

/** Waits for many tasks on one stream. */
export class WatchStream {
  readonly outgoing = new Outgoing<taskv1.WatchTasksResponse>(() => this.nextMessage());
  private readonly store: TaskStore;
  private readonly waiters: Waiters;
  private readonly stops = new Map<string, () => void>();
  private ended: Task[] = [];
  private endedBytes = 0;
  private readonly later: TaskKey[] = [];
  private namespace = '';
  private view: 'BASIC' | 'FULL' = 'FULL';
  private finished = false;
  private flushing = false;
  private reading = false;

  constructor(deps: { readonly store: TaskStore; readonly waiters: Waiters }) {
    this.store = deps.store;
    this.waiters = deps.waiters;
  }

  /** About how much of what is to be told is in memory. */
  get heldBytes(): number {
    return this.endedBytes;
  }

  /** Takes messages until the caller ends its side; the stream ends when everything asked for has been sent. */
  async receiveAll(requests: AsyncIterable<taskv1.WatchTasksRequest>): Promise<void> {
    try {
      for await (const request of requests) {
        await this.receive(request);
        await this.outgoing.room(MAX_HELD_BYTES);
      }
      this.finished = true;
      this.flushLater();
    } catch (error) {
      this.close(error);
    }
  }

  /** Ends the stream at once. */
  close(error?: unknown): void {
    for (const stop of this.stops.values()) stop();
    this.stops.clear();
    this.outgoing.end(error);
  }

  private async receive(request: taskv1.WatchTasksRequest): Promise<void> {
    if (this.namespace === '') this.open(request);
    await this.watch(this.readKeys(request.taskIds));
  }

  private async watch(keys: readonly TaskKey[]): Promise<void> {
    for (const key of keys) {
      if (!this.stops.has(key.id))
        this.stops.set(
          key.id,
          this.waiters.add(key, (task) => (task ? this.found(task) : this.gone(key.id))),
        );
    }
    const tasks = await this.store.getTasks(keys);
    const known = new Set(tasks.map((task) => task.id));
    const unknownTaskIds = keys.filter((key) => !known.has(key.id)).map((key) => key.id);
    for (const id of unknownTaskIds) this.forget(id);
    const bytes = unknownTaskIds.reduce((sum, id) => sum + id.length, 0);
    if (unknownTaskIds.length > 0) this.outgoing.push({ tasks: [], unknownTaskIds }, bytes);
    for (const task of tasks) if (isTerminal(task.status)) this.found(task);
  }

  private open({ namespace, view }: taskv1.WatchTasksRequest): void {
    const checks = new Checks();
    const name = checks.name('namespace', namespace, { default: 'default' });
    this.view = checks.parse(() => viewFromProto(view, 'FULL')) ?? 'FULL';
    checks.done();
    this.namespace = name;
  }

  private readKeys(ids: readonly string[]): TaskKey[] {
    const checks = new Checks();
    checks.require(ids.length <= MAX_PER_MESSAGE, 'task_ids', `has more than ${MAX_PER_MESSAGE} entries`);
    ids.slice(0, MAX_PER_MESSAGE).forEach((id, i) => checks.name(`task_ids[${i}]`, id));
    checks.done();
    if (this.stops.size + ids.length > MAX_PER_STREAM) {
      throw new Refusal('PROTOCOL_VIOLATION', `one stream waits for at most ${MAX_PER_STREAM} tasks at a time`);
    }
    return ids.map((id) => ({ namespace: this.namespace, id }));
  }

  private found(task: Task): void {
    if (!this.forget(task.id)) return;
    if (this.endedBytes < MAX_HELD_BYTES) this.hold([task]);
    else this.later.push({ namespace: task.namespace, id: task.id });
    this.flushLater();
  }

  private gone(id: string): void {
    if (this.forget(id)) this.outgoing.push({ tasks: [], unknownTaskIds: [id] }, id.length);
    this.flushLater();
  }

  private hold(tasks: readonly Task[]): void {
    this.ended.push(...tasks);
    for (const task of tasks) this.endedBytes += this.sizeOf(task);
  }

  private forget(id: string): boolean {
    this.stops.get(id)?.();
    return this.stops.delete(id);
  }

  /** What ends within one turn of the event loop goes out in one message. */
  private flushLater(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.outgoing.wake();
    });
  }

  /** What is to be sent next; asked for when the caller can take it. */
  private nextMessage(): taskv1.WatchTasksResponse | undefined {
    if (this.flushing) return undefined;
    let bytes = 0;
    let count = 0;
    while (count < this.ended.length && bytes < MESSAGE_BYTES) bytes += this.sizeOf(this.ended[count++] as Task);
    const tasks = this.ended.slice(0, count).map((task) => taskToProto(task, this.view));
    this.ended = this.ended.slice(count);
    this.endedBytes -= bytes;
    if (this.ended.length === 0 && this.later.length > 0) void this.readAgain();
    if (count > 0) return { tasks, unknownTaskIds: [] };
    if (this.finished && this.stops.size === 0 && this.later.length === 0 && !this.reading) this.outgoing.end();
    return undefined;
  }

  private async readAgain(): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      const keys = this.later.splice(0, READ_AGAIN);
      const tasks = await this.store.getTasks(keys, 'ended');
      this.hold(tasks);
      // One that was retried or forgotten meanwhile is asked for anew.
      const found = new Set(tasks.map((task) => task.id));
      if (found.size < keys.length) await this.watch(keys.filter((key) => !found.has(key.id)));
    } catch (error) {
      this.close(error);
    } finally {
      this.reading = false;
      this.flushLater();
    }
  }

  private sizeOf(task: Task): number {
    return 300 + (this.view === 'FULL' ? task.params.data.length + (task.result?.data.length ?? 0) : 0);
  }
}
