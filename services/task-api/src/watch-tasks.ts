import { taskToProto, type taskv1 } from '@orrery/contracts';
import { isTerminal, Refusal, type Task, type TaskKey, type TaskStore } from '@orrery/core';
import { Checks, Outgoing } from '@orrery/service';
import type { Waiters } from './waiters.ts';

/** How many ids one message may add, and one stream may wait for at a time. */
const MAX_PER_MESSAGE = 1000;
const MAX_PER_STREAM = 100_000;

/** Tasks are sent in messages of about this size, well below the 4 MiB that a client accepts by default. */
const MESSAGE_BYTES = 1024 * 1024;

/** Waits for many tasks on one stream. */
export class WatchStream {
  readonly outgoing = new Outgoing<taskv1.WatchTasksResponse>();
  private readonly store: TaskStore;
  private readonly waiters: Waiters;
  private readonly stops = new Map<string, () => void>();
  private readonly ended: Task[] = [];
  private namespace = '';
  private view: 'BASIC' | 'FULL' = 'FULL';
  private finished = false;
  private flushing = false;

  constructor(deps: { readonly store: TaskStore; readonly waiters: Waiters }) {
    this.store = deps.store;
    this.waiters = deps.waiters;
  }

  /** Takes messages until the caller ends its side; the stream ends when everything asked for has been sent. */
  async receiveAll(requests: AsyncIterable<taskv1.WatchTasksRequest>): Promise<void> {
    try {
      for await (const request of requests) await this.receive(request);
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
    const keys = this.readKeys(request.taskIds);
    for (const key of keys) {
      if (!this.stops.has(key.id))
        this.stops.set(
          key.id,
          this.waiters.add(key, (task) => (task ? this.found(task) : this.gone(key.id))),
        );
    }
    const tasks = await this.store.getTasks(keys);
    const known = new Set(tasks.map((task) => task.id));
    const unknown = keys.filter((key) => !known.has(key.id)).map((key) => key.id);
    for (const id of unknown) this.forget(id);
    if (unknown.length > 0) this.outgoing.push({ tasks: [], unknownTaskIds: unknown });
    for (const task of tasks) if (isTerminal(task.status)) this.found(task);
  }

  private open({ namespace, view }: taskv1.WatchTasksRequest): void {
    const checks = new Checks();
    this.namespace = checks.name('namespace', namespace, { default: 'default' });
    checks.done();
    if (view === 1) this.view = 'BASIC';
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
    this.ended.push(task);
    this.flushLater();
  }

  private gone(id: string): void {
    if (this.forget(id)) this.outgoing.push({ tasks: [], unknownTaskIds: [id] });
    this.flushLater();
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
      this.flush();
    });
  }

  private flush(): void {
    let tasks: taskv1.Task[] = [];
    let bytes = 0;
    for (const task of this.ended.splice(0)) {
      tasks.push(taskToProto(task, this.view));
      bytes += 300 + (this.view === 'FULL' ? task.params.data.length + (task.result?.data.length ?? 0) : 0);
      if (bytes < MESSAGE_BYTES) continue;
      this.outgoing.push({ tasks, unknownTaskIds: [] }, bytes);
      tasks = [];
      bytes = 0;
    }
    if (tasks.length > 0) this.outgoing.push({ tasks, unknownTaskIds: [] }, bytes);
    if (this.finished && this.stops.size === 0) this.outgoing.end();
  }
}
