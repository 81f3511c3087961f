import type { Store } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import type { Logger } from '@orrery/rpc';
import { createWorker, type HandlerOptions, type TaskHandler, type Worker, type WorkerOptions } from '@orrery/worker';
import { isStorage } from './storage.ts';
import { describe, TaskQueue } from './task-queue.ts';

/** How a pool works. */
export interface WorkerPoolOptions extends Omit<WorkerOptions, ConnectionOption | 'queues' | 'timers' | 'random'> {
  /** The queue whose tasks it runs. */
  readonly queue?: TaskQueue;
  /** @deprecated Pass `queue: new TaskQueue({ storage })`. */
  readonly storage?: Store;
  /** How many handlers run at once. Default 1. */
  readonly concurrency?: number;
  /**
   * How often to look for tasks that other processes have put into a local queue's storage; what this one does is known at once, and
   * a server tells of tasks itself. Default 1 s, which is also the longest.
   */
  readonly pollInterval?: DurationInput;
  /** Default: warnings and errors to standard error. */
  readonly logger?: Logger;
}

type ConnectionOption = 'address' | 'registry' | 'namespace' | 'token' | 'tls';

/** How often the storage is looked at in any case. */
const LONGEST_POLL = Duration.ofSeconds(1);

/** Runs the tasks of a queue, local or remote, in this process. */
export class WorkerPool implements AsyncDisposable {
  readonly queue: TaskQueue;
  readonly #worker: Worker;
  readonly #pollInterval: Duration;
  readonly #ownsQueue: boolean;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Throws a RangeError for neither or both of `queue` and `storage` and for numbers that cannot be, a TypeError for what is no queue
   * or storage.
   */
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- taken until it goes
  constructor({ queue, storage, pollInterval, ...options }: WorkerPoolOptions) {
    this.queue = queueOf(queue, storage, options.logger);
    this.#ownsQueue = queue === undefined;
    this.#pollInterval = Duration.from(pollInterval ?? LONGEST_POLL);
    if (this.#pollInterval.isNegative || this.#pollInterval.isZero) {
      throw new RangeError(`pollInterval ${this.#pollInterval.toString()} is not positive`);
    }
    const { connection, name } = this.queue;
    this.#worker = createWorker({ concurrency: 1, ...options, ...connection, queues: [name] });
  }

  /** Adds a handler for a type, for all types below a name ("reports.*"), or for all ("*"), before the pool is started. */
  handle<P = unknown, R = unknown>(type: string, handler: TaskHandler<P, R>, options?: HandlerOptions): this {
    this.#worker.handle(type, handler, options);
    return this;
  }

  /** Starts working; resolves once it does. Throws a StorageError if the queue's storage cannot be had. */
  async start(): Promise<void> {
    await this.queue.start();
    await this.#worker.start();
    if (this.#pollInterval.compareTo(LONGEST_POLL) >= 0) return;
    this.#timer ??= setInterval(() => void this.queue.look(), this.#pollInterval.toMillis());
  }

  /**
   * Stops working: hands back what was not started, lets handlers end, aborts those that take longer than `shutdownTimeout`. Closes
   * the queue only if it was made of a `storage`.
   */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.stop();
    if (this.#ownsQueue) await this.queue.close();
  }

  /** Starts, and works until stopped or sent SIGTERM or SIGINT; a second signal aborts handlers. */
  async run(): Promise<void> {
    try {
      await this.start();
      await this.#worker.run();
    } finally {
      await this.stop();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function queueOf(queue: unknown, storage: unknown, logger: Logger | undefined): TaskQueue {
  if (queue === undefined && storage === undefined) {
    throw new RangeError('a WorkerPool needs a queue: new WorkerPool({ queue })');
  }
  if (queue !== undefined && storage !== undefined) {
    throw new RangeError('a WorkerPool takes a queue or a storage, not both: new WorkerPool({ queue })');
  }
  if (storage === undefined) {
    if (queue instanceof TaskQueue) return queue;
    throw new TypeError(`queue must be a TaskQueue, but is ${describe(queue)}`);
  }
  if (!isStorage(storage)) throw new TypeError(`storage must be a storage, but is ${describe(storage)}`);
  process.emitWarning(
    "Passing 'storage' to WorkerPool is deprecated. Use 'queue' instead: new WorkerPool({ queue: new TaskQueue({ storage }) })",
    { type: 'DeprecationWarning', code: 'ORRERY_POOL_STORAGE' },
  );
  return new TaskQueue({ storage, ...(logger && { logger }) });
}
