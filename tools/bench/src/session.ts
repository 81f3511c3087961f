import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Contender } from './contenders.ts';
import { eventsStored } from './event-lag.ts';
import { monotonicMs } from './monotonic.ts';
import { residentMebibytes } from './process-times.ts';
import type { JobRange, ProducerMethods } from './producer-main.ts';
import type { Connection } from './queue-system.ts';
import { type Methods, type Remote, type RemoteProcess, startRemote } from './remote.ts';
import type { WorkerMethods } from './worker-main.ts';

const WARM_UP_JOBS = 500;
const LOOK_EVERY_MS = 5;

/** What a session is started with. */
export interface SessionOptions {
  /** The most jobs that will be created, warm-up aside. */
  readonly jobs: number;
  /** Where the processes leave CPU profiles; none: they are not profiled. */
  readonly profileTo?: string | undefined;
}

/** Empty storage, fresh servers, a producer and a worker process, warmed up. */
export class Session {
  readonly #contender: Contender;
  readonly #connection: Connection;
  readonly #producer: RemoteProcess<ProducerMethods>;
  readonly #worker: RemoteProcess<WorkerMethods>;
  #created = 0;

  private constructor(
    contender: Contender,
    connection: Connection,
    producer: RemoteProcess<ProducerMethods>,
    worker: RemoteProcess<WorkerMethods>,
  ) {
    this.#contender = contender;
    this.#connection = connection;
    this.#producer = producer;
    this.#worker = worker;
  }

  /** Starts everything, which ends with the stack, and runs 500 jobs; the worker is running afterwards. */
  static async open(
    ground: AsyncDisposableStack,
    contender: Contender,
    { jobs, profileTo }: SessionOptions,
  ): Promise<Session> {
    const flags = (name: string) =>
      profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profileTo, name)}`];
    const connection = await contender.start(ground, (service) => flags(service).join(' '));
    const start = <M extends Methods<M>>(name: string) =>
      ground.use(startRemote<M>(new URL(`./${name}-main.ts`, import.meta.url), flags(name)));
    const producer = start<ProducerMethods>('producer');
    const worker = start<WorkerMethods>('worker');
    await producer.call.open(contender.system, connection);
    await worker.call.open(contender.system, connection, jobs + WARM_UP_JOBS);
    const session = new Session(contender, connection, producer, worker);
    await session.startWorker();
    await producer.call.singles(session.take(WARM_UP_JOBS / 2));
    await producer.call.bulk(session.take(WARM_UP_JOBS / 2));
    await session.drained();
    return session;
  }

  get producer(): Remote<ProducerMethods> {
    return this.#producer.call;
  }

  get worker(): Remote<WorkerMethods> {
    return this.#worker.call;
  }

  /** Numbers for so many further jobs. */
  take(count: number): JobRange {
    const from = this.#created;
    this.#created += count;
    return { from, count };
  }

  /** Starts the worker; when it was told to. */
  startWorker(): Promise<number> {
    return this.worker.start();
  }

  stopWorker(): Promise<void> {
    return this.worker.stop();
  }

  /** Resolves once every job that was taken so far is finished in the storage, with when that was. */
  async drained(): Promise<number> {
    await this.worker.waitFor(this.#created);
    for (;;) {
      const unfinished = await this.producer.unfinished();
      const now = monotonicMs();
      if (unfinished === 0) return now;
      await pause(LOOK_EVERY_MS);
    }
  }

  /** When NATS had an event of every task's success, by the monotonic clock; undefined without NATS. */
  async eventsStored(): Promise<number | undefined> {
    const { nats } = this.#connection;
    return nats === undefined ? undefined : eventsStored(nats, this.#created);
  }

  /** Throws unless every job ran once, but those that wait in the storage. */
  async assertExactlyOnce(): Promise<void> {
    const waiting = await this.producer.unfinished();
    const problems = await this.worker.problems(this.#created - waiting);
    if (problems.length > 0) throw new Error(`${this.#contender.title}: ${problems.join('; ')}`);
  }

  /** The worker's resident memory in MiB. */
  workerMebibytes(): Promise<number> {
    return residentMebibytes(this.#worker.pid);
  }

  /** Lets the worker and the producer say goodbye. */
  async close(): Promise<void> {
    await this.stopWorker();
    await this.producer.close();
  }
}
