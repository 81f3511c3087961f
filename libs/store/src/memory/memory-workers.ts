import { compareIds, type Clock, type Worker, type WorkerKey, type WorkerProfile } from '@orrery/core';
import type { WorkerProgress, WorkerState, WorkerStore } from '@orrery/core';
import type { Duration } from '@orrery/duration';

const NOTHING_DONE: WorkerProgress = Object.freeze({ running: 0, succeeded: 0, failed: 0, lastFinishAt: null });

/** Workers in memory. */
export class MemoryWorkers implements WorkerStore {
  readonly #workers = new Map<string, Worker>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async register(profile: WorkerProfile): Promise<Worker> {
    const now = this.#clock.now();
    return this.#put({ ...profile, state: 'ACTIVE', progress: NOTHING_DONE, registeredAt: now, heartbeatAt: now });
  }

  async heartbeat(key: WorkerKey, progress: WorkerProgress): Promise<Worker | null> {
    const worker = await this.get(key);
    if (!worker) return null;
    const state = worker.state === 'LOST' ? 'ACTIVE' : worker.state;
    return this.#put({ ...worker, state, progress, heartbeatAt: this.#clock.now() });
  }

  async move(key: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null> {
    const worker = await this.get(key);
    return worker && from.includes(worker.state) ? this.#put({ ...worker, state: to }) : null;
  }

  async markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]> {
    return this.#silent(silentFor, ['ACTIVE', 'DRAINING'])
      .slice(0, limit)
      .map((worker) => this.#put({ ...worker, state: 'LOST' }));
  }

  async get(key: WorkerKey): Promise<Worker | null> {
    return this.#workers.get(keyOf(key)) ?? null;
  }

  async list(query: {
    readonly namespace: string;
    readonly states: readonly WorkerState[];
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Worker[]> {
    return [...this.#workers.values()]
      .filter((worker) => worker.namespace === query.namespace)
      .filter((worker) => query.states.length === 0 || query.states.includes(worker.state))
      .filter((worker) => query.afterId === undefined || compareIds(worker.id, query.afterId) > 0)
      .sort((a, b) => compareIds(a.id, b.id))
      .slice(0, query.limit);
  }

  async purge(silentFor: Duration): Promise<number> {
    const forgotten = this.#silent(silentFor, ['STOPPED', 'LOST']);
    for (const worker of forgotten) this.#workers.delete(keyOf(worker));
    return forgotten.length;
  }

  /** Workers in these states that have been silent for longer than this, the longest silent first. */
  #silent(silentFor: Duration, states: readonly WorkerState[]): Worker[] {
    const now = this.#clock.now().getTime();
    return [...this.#workers.values()]
      .filter((worker) => states.includes(worker.state))
      .filter((worker) => now - worker.heartbeatAt.getTime() > silentFor.toMillis())
      .sort((a, b) => a.heartbeatAt.getTime() - b.heartbeatAt.getTime());
  }

  #put(worker: Worker): Worker {
    this.#workers.set(keyOf(worker), worker);
    return worker;
  }
}

function keyOf({ namespace, id }: WorkerKey): string {
  return `${namespace}\0${id}`;
}
