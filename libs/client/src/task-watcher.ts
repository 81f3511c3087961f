import { taskFromProto, taskv1 } from '@orrery/contracts';
import { type Task, taskNotFound } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { isFinal, OrreryError, Outgoing, outsideTaskScope, readStream, reconnectDelay, sleep } from '@orrery/rpc';
import type { Connection } from './connect.ts';

interface Waiter {
  resolve(task: Task): void;
  reject(error: unknown): void;
}

const MAX_IDS_PER_MESSAGE = 1_000;
const MAX_IDS_PER_STREAM = 100_000;
const LINGER = Duration.ofSeconds(10);
const HEALTHY_AFTER_MS = 5_000;

/**
 * Waits for tasks to end, all on one stream: ids go up, ended tasks come down, both in batches. The stream is opened with the
 * first wait, opened anew with what is still awaited when it breaks, and closed a while after the last wait is over.
 */
export class TaskWatcher {
  readonly #connection: Connection;
  readonly #waiters = new Map<string, Set<Waiter>>();
  #unsent = new Set<string>();
  #onStream = new Set<string>();
  #outgoing: Outgoing<taskv1.WatchTasksRequest> | null = null;
  #abort = new AbortController();
  #running = false;
  #waking = false;
  #closed: Error | null = null;
  #cancelLinger: (() => void) | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Resolves with the task once it has ended; rejects with TASK_NOT_FOUND, the signal's reason, or what broke the stream. */
  ended(id: string, signal?: AbortSignal): Promise<Task> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      const waiter: Waiter = {
        resolve: (task) => settle(() => resolve(task)),
        reject: (error) => settle(() => reject(error)),
      };
      const onAbort = () => {
        this.#forget(id, waiter);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#add(id, waiter);
    });
  }

  /** Ends the stream; every wait is rejected with the error. */
  close(error: Error): void {
    this.#closed = error;
    this.#rejectAll(error);
    this.#abort.abort(error);
    this.#cancelLinger?.();
  }

  #add(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (waiters) {
      waiters.add(waiter);
    } else {
      this.#waiters.set(id, new Set([waiter]));
      if (!this.#onStream.has(id)) this.#unsent.add(id);
    }
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    if (this.#waking) return;
    this.#waking = true;
    // Ids that are asked for in one go share a message.
    this.#connection.settings.timers.soon(() => {
      this.#waking = false;
      this.#outgoing?.wake();
      if (!this.#running && this.#waiters.size > 0) void outsideTaskScope(() => this.#run());
    });
  }

  #forget(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    waiters?.delete(waiter);
    if (waiters?.size !== 0) return;
    this.#waiters.delete(id);
    this.#unsent.delete(id);
    this.#lingerIfIdle();
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#abort = new AbortController();
    try {
      await this.#keepOpen(this.#abort.signal);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#rejectAll(error);
    } finally {
      this.#running = false;
    }
    // Somebody may have begun to wait while the stream was on its way down.
    if (this.#waiters.size > 0) void this.#run();
  }

  async #keepOpen(signal: AbortSignal): Promise<void> {
    const { timers, random, logger } = this.#connection.settings;
    for (let failures = 1; this.#waiters.size > 0; failures += 1) {
      const openedAt = timers.monotonicMillis();
      const error = await this.#stream(signal);
      signal.throwIfAborted();
      if (error && isFinal(error)) throw error;
      if (timers.monotonicMillis() - openedAt >= HEALTHY_AFTER_MS) failures = 1;
      logger.debug(
        { err: error, awaited: this.#waiters.size },
        'the stream of finished tasks broke off, opening it anew',
      );
      await sleep(timers, reconnectDelay(failures, random()), signal);
    }
  }

  /** Resolves with what broke the stream off; null if the server ended it. */
  async #stream(signal: AbortSignal): Promise<Error | null> {
    this.#onStream = new Set();
    this.#unsent = new Set(this.#waiters.keys());
    const outgoing = new Outgoing(() => this.#nextRequest());
    this.#outgoing = outgoing;
    const { stub, settings } = this.#connection;
    try {
      await readStream(
        (options) => stub.watchTasks(outgoing, options),
        (message) => this.#receive(message),
        { token: settings.token, signal },
      );
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      this.#outgoing = null;
      outgoing.end();
    }
  }

  #nextRequest(): taskv1.WatchTasksRequest | undefined {
    const room = Math.min(MAX_IDS_PER_MESSAGE, MAX_IDS_PER_STREAM - this.#onStream.size);
    const taskIds: string[] = [];
    for (const id of this.#unsent) {
      if (taskIds.length >= room) break;
      taskIds.push(id);
      this.#unsent.delete(id);
      this.#onStream.add(id);
    }
    return taskIds.length === 0
      ? undefined
      : { namespace: this.#connection.settings.namespace, taskIds, view: taskv1.TaskView.FULL };
  }

  #receive({ tasks, unknownTaskIds }: taskv1.WatchTasksResponse): void {
    for (const message of tasks)
      this.#settle(
        message.id,
        (waiter, task) => waiter.resolve(task()),
        () => taskFromProto(message),
      );
    for (const id of unknownTaskIds)
      this.#settle(
        id,
        (waiter, error) => waiter.reject(error()),
        () => this.#notFound(id),
      );
    if (this.#unsent.size > 0) this.#outgoing?.wake();
    this.#lingerIfIdle();
  }

  #settle<T>(id: string, settle: (waiter: Waiter, value: () => T) => void, make: () => T): void {
    this.#onStream.delete(id);
    const waiters = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (!waiters) return;
    const value = make();
    for (const waiter of waiters) settle(waiter, () => value);
  }

  #notFound(id: string): OrreryError {
    const { reason, message, metadata } = taskNotFound(this.#connection.settings.namespace, id);
    return new OrreryError({ code: 'NOT_FOUND', reason, message, metadata });
  }

  #rejectAll(error: unknown): void {
    const all = [...this.#waiters.values()];
    this.#waiters.clear();
    this.#unsent.clear();
    for (const waiters of all) for (const waiter of waiters) waiter.reject(error);
  }

  #lingerIfIdle(): void {
    if (this.#waiters.size > 0 || this.#cancelLinger) return;
    this.#cancelLinger = this.#connection.settings.timers.after(LINGER, () => {
      this.#cancelLinger = null;
      if (this.#waiters.size === 0) this.#abort.abort(new Error('nobody waits any more'));
    });
  }
}
