import {
  type Client,
  type ClientOptions,
  createClient,
  type TaskHandle,
  type TaskQuery,
  type Tasks,
  type WaitOptions,
} from '@orrery/client';
import type { Store, Task } from '@orrery/core';
import { OrreryError, stderrLogger } from '@orrery/rpc';
import { type EnqueueOptions, toTaskOptions } from './enqueue-options.ts';
import { LocalServer } from './local-server.ts';
import { isStorage } from './storage.ts';
import { type TaskResult, toTaskResult } from './task-result.ts';

/** Where a queue is: on a storage that this process uses, or on a server. */
export interface TaskQueueOptions extends Omit<ClientOptions, 'timers' | 'random'> {
  /** The storage, or the URL of one that the queue opens and closes itself: "sqlite:FILE", "postgres://…", "memory:". */
  readonly storage?: Store | string;
  /** Which queue it is. Default "default". */
  readonly name?: string;
}

/**
 * A queue of tasks: kept on a storage within this process, or on a server, with no difference to who uses it. It connects, or
 * starts, with the first call. Methods reject with an OrreryError, or a StorageError if the storage cannot be had.
 */
export class TaskQueue implements AsyncDisposable {
  readonly name: string;
  readonly namespace: string;
  /** How workers reach it. */
  readonly connection: Pick<ClientOptions, 'address' | 'namespace' | 'token' | 'tls'>;
  readonly #local: LocalServer | null;
  readonly #client: Client;

  /** Throws a RangeError unless exactly one of `storage` and `address` is given, a TypeError for what is no storage. */
  constructor({ storage, name = 'default', namespace = 'default', ...options }: TaskQueueOptions) {
    this.name = name;
    this.namespace = namespace;
    this.#local = localOf(storage, options);
    // In a list, in which a comma would separate nothing.
    const address = this.#local ? [this.#local.address] : options.address;
    const settings = { ...options, namespace, ...(address !== undefined && { address }) };
    this.connection = settings;
    this.#client = createClient(settings);
  }

  /** Everything else that can be done with tasks, in this queue or another; what is local must have been started. */
  get tasks(): Tasks {
    return this.#client.tasks;
  }

  /** Starts what is local. Every other method does so by itself. */
  async start(): Promise<void> {
    await this.#local?.start();
  }

  /** Puts a task into the queue; once it resolves, the task cannot be lost. */
  async enqueue<R = unknown>(type: string, params?: unknown, options: EnqueueOptions = {}): Promise<TaskHandle<R>> {
    const taskOptions = toTaskOptions(options, this.name);
    await this.start();
    return this.#client.tasks.create<R>(type, params, taskOptions);
  }

  /** The task; null if there is none of this id. */
  async getTask(id: string): Promise<Task | null> {
    await this.start();
    return this.#client.tasks.get(id).catch(nullIfNotFound);
  }

  /** What came of a task; null if there is none of this id or it has not ended. `wait`: once it has ended. */
  async getResult<R = unknown>(
    id: string,
    { wait = false, ...options }: WaitOptions & { readonly wait?: boolean } = {},
  ): Promise<TaskResult<R> | null> {
    await this.start();
    const { tasks } = this.#client;
    const task = await (wait ? tasks.wait(id, options) : tasks.get(id)).catch(nullIfNotFound);
    return task && toTaskResult<R>(task);
  }

  /** The queue's tasks, newest first. */
  async *listTasks(query: Omit<TaskQuery, 'queues'> = {}): AsyncGenerator<Task> {
    await this.start();
    yield* this.#client.tasks.list({ ...query, queues: [this.name] });
  }

  /** Cancels a waiting task at once, a running one as soon as its handler has heard of it. */
  async cancel(id: string): Promise<Task> {
    await this.start();
    return this.#client.tasks.cancel(id);
  }

  /** Sets a failed task back, to be tried again now. */
  async retry(id: string): Promise<Task> {
    await this.start();
    return this.#client.tasks.retry(id);
  }

  /** Sets the time at which a waiting task may run. */
  async reschedule(id: string, runAt: Date): Promise<Task> {
    await this.start();
    return this.#client.tasks.reschedule(id, runAt);
  }

  /** Looks for tasks that others have put into a local storage; a server is told of them itself. */
  async look(): Promise<void> {
    await this.#local?.look({ namespace: this.namespace, queue: this.name });
  }

  /** Ends calls under way and stops what is local; a storage that was handed over stays open. */
  async close(): Promise<void> {
    await this.#client.close();
    await this.#local?.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function localOf(storage: Store | string | undefined, options: ClientOptions): LocalServer | null {
  if (storage === undefined) {
    if (options.address !== undefined) return null;
    throw new RangeError('a TaskQueue needs a storage or an address: new TaskQueue({ storage })');
  }
  if (options.address !== undefined) throw new RangeError('a TaskQueue is on a storage or at an address, not both');
  if (typeof storage === 'string' || isStorage(storage)) {
    return new LocalServer(storage, options.logger ?? stderrLogger);
  }
  throw new TypeError(`storage must be a storage or the URL of one, but is ${describe(storage)}`);
}

/** What a value is, for people who passed the wrong one. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return `${typeof value} ${JSON.stringify(value) ?? ''}`.trim();
  return `an object of ${value.constructor?.name ?? 'no class'}`;
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof OrreryError && error.reason === 'TASK_NOT_FOUND') return null;
  throw error;
}
