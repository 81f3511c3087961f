import { compareIds, workerEventOf, workerMoveKind } from '@orrery/core';
import type { Clock, Worker, WorkerKey, WorkerProfile, WorkerProgress, WorkerState, WorkerStore } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { MemoryEvents } from './memory-events.ts';

const NOTHING_DONE: WorkerProgress = Object.freeze({ running: 0, succeeded: 0, failed: 0, lastFinishAt: null });

/** Workers in memory. */
export class MemoryWorkers implements WorkerStore {
  readonly #workers = new Map<string, Worker>();
  readonly #log: MemoryEvents;
  readonly #clock: Clock;

  constructor(log: MemoryEvents, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  async register(profile: WorkerProfile): Promise<Worker> {
    const now = this.#clock.now();
    const revision = (this.#workers.get(keyOf(profile))?.revision ?? 0) + 1;
    const progress = NOTHING_DONE;
    const worker = this.#put({ ...profile, state: 'ACTIVE', progress, registeredAt: now, heartbeatAt: now, revision });
    this.#log.append([workerEventOf(worker, 'started', now)]);
    return worker;
  }

  async heartbeat(key: WorkerKey, progress: WorkerProgress): Promise<Worker | null> {
    const worker = this.#workers.get(keyOf(key));
    if (!worker) return null;
    const state = worker.state === 'LOST' ? 'ACTIVE' : worker.state;
    return this.#move({ ...worker, progress, heartbeatAt: this.#clock.now() }, state);
  }

  async move(key: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null> {
    const worker = this.#workers.get(keyOf(key));
    return worker && from.includes(worker.state) ? this.#move(worker, to) : null;
  }

  async markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]> {
    return this.#silent(silentFor, ['ACTIVE', 'DRAINING'])
      .slice(0, limit)
      .map((worker) => this.#move(worker, 'LOST'));
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

  /** Keeps a worker; tells of it if it comes to be in another state. */
  #move(worker: Worker, state: WorkerState): Worker {
    if (worker.state === state) return this.#put(worker);
    const moved = this.#put({ ...worker, state, revision: worker.revision + 1 });
    this.#log.append([workerEventOf(moved, workerMoveKind(state), this.#clock.now())]);
    return moved;
  }

  #put(worker: Worker): Worker {
    this.#workers.set(keyOf(worker), worker);
    return worker;
  }
}

function keyOf({ namespace, id }: WorkerKey): string {
  return `${namespace}\0${id}`;
}
