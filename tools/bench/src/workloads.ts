import { setTimeout as pause } from 'node:timers/promises';
import type { Metric } from './figure.ts';
import { cpuSecondsOfDescendants } from './process-times.ts';
import type { Span } from './producer-main.ts';
import type { Session } from './session.ts';
import { percentile } from './statistics.ts';

/** The workloads, in the order in which one session can run them: those that leave jobs behind for the next first, or last. */
export const WORKLOADS = ['W1', 'W4', 'W3', 'W3b', 'W5', 'idle', 'W2'] as const;

/** The name of a workload; W6 is measured with W3. */
export type Workload = (typeof WORKLOADS)[number];

/** How many jobs a workload has, and for how many seconds the machine idles. */
export interface Sizes {
  readonly single: number;
  readonly bulk: number;
  readonly paced: number;
  readonly idleSeconds: number;
}

/** The sizes of a full run. */
export const FULL: Sizes = { single: 20_000, bulk: 50_000, paced: 1_000, idleSeconds: 30 };

/** The sizes of a run that is over in two minutes: it shows that everything works, and roughly where things stand. */
export const QUICK: Sizes = { single: 1_500, bulk: 3_000, paced: 150, idleSeconds: 3 };

/** The sizes on a machine so many times as large. */
export function scaled(sizes: Sizes, scale: number): Sizes {
  const { single, bulk } = sizes;
  return { ...sizes, single: Math.ceil(single * scale), bulk: Math.ceil(bulk * scale) };
}

/** What a workload found out. */
export type Measured = Partial<Record<Metric, number>>;

const PACED_PER_SECOND = 50;

/** How each workload is run in a session that was prepared for it. */
const RUNS: Readonly<Record<Workload, (session: Session, sizes: Sizes) => Promise<Measured>>> = {
  async W1(session, { single }) {
    return { W1: creates(single, await session.producer.singles(session.take(single))) };
  },

  async W2(session, { bulk }) {
    return { W2: creates(bulk, await session.producer.bulk(session.take(bulk))) };
  },

  async W3(session, { single }) {
    const { startedAt } = await session.producer.singles(session.take(single));
    const W3 = perSecond(single, (await session.drained()) - startedAt);
    return { W3, W6: await session.workerMebibytes() };
  },

  async W3b(session, { bulk }) {
    const { startedAt } = await session.producer.bulk(session.take(bulk));
    const endedAt = await session.drained();
    const toldAt = await session.eventsStored();
    const W3b = perSecond(bulk, endedAt - startedAt);
    return toldAt === undefined ? { W3b } : { W3b, lag: Math.max(0, toldAt - endedAt) };
  },

  async W4(session, { single }) {
    // W1 has left its jobs behind, if it was run before.
    const left = await session.producer.unfinished();
    const jobs = left > 0 ? left : single;
    if (left === 0) await session.producer.bulk(session.take(single));
    const startedAt = await session.startWorker();
    return { W4: perSecond(jobs, (await session.drained()) - startedAt) };
  },

  async W5(session, { paced }) {
    const jobs = session.take(paced);
    const calledAt = await session.producer.paced(jobs, PACED_PER_SECOND);
    await session.drained();
    const begunAt = await session.worker.begunAt(jobs.from, jobs.count);
    const waits = begunAt.map((at, index) => at - (calledAt[index] ?? NaN));
    return { W5p50: percentile(waits, 0.5), W5p95: percentile(waits, 0.95), W5p99: percentile(waits, 0.99) };
  },

  async idle(_session, { idleSeconds }) {
    const before = await cpuSecondsOfDescendants();
    await pause(idleSeconds * 1000);
    return { idle: (100 * ((await cpuSecondsOfDescendants()) - before)) / idleSeconds };
  },
};

/** Those that begin with a worker that is running and has nothing left to do. */
const WITH_IDLE_WORKER: ReadonlySet<Workload> = new Set(['W3', 'W3b', 'W5', 'idle']);

/** Runs a workload in a session that was prepared for it. */
export function runWorkload(workload: Workload, session: Session, sizes: Sizes): Promise<Measured> {
  return RUNS[workload](session, sizes);
}

/** Brings a session to where a workload begins, whatever was run in it before. */
export async function prepareFor(workload: Workload, session: Session): Promise<void> {
  if (!WITH_IDLE_WORKER.has(workload)) return session.stopWorker();
  await session.startWorker();
  await session.drained();
}

/** The workloads in groups that share a session: W4 runs what W1 has stored; all in one if the run is to be short. */
export function sessionsOf(workloads: ReadonlySet<Workload>, together: boolean): readonly (readonly Workload[])[] {
  const chosen = WORKLOADS.filter((workload) => workloads.has(workload));
  if (together) return [chosen];
  const alone = chosen.filter((workload) => workload !== 'W4' || !workloads.has('W1'));
  return alone.map((workload) => (workload === 'W1' && workloads.has('W4') ? ['W1', 'W4'] : [workload]));
}

/** The most jobs that these workloads create together. */
export function jobsOf(workloads: readonly Workload[], { single, bulk, paced }: Sizes): number {
  const jobs: Readonly<Record<Workload, number>> = {
    W1: single,
    W2: bulk,
    W3: single,
    W3b: bulk,
    W4: single,
    W5: paced,
    idle: 0,
  };
  return workloads.reduce((sum, workload) => sum + jobs[workload], 0);
}

function creates(count: number, { startedAt, endedAt }: Span): number {
  return perSecond(count, endedAt - startedAt);
}

function perSecond(count: number, milliseconds: number): number {
  return (count * 1000) / milliseconds;
}
