import { setTimeout as pause } from 'node:timers/promises';
import { inFlight } from './in-flight.ts';
import { jobOf, jobsFrom } from './job.ts';
import { loadSystem, type SystemName } from './load-system.ts';
import { monotonicMs } from './monotonic.ts';
import type { Connection, Producer } from './queue-system.ts';
import { serveRemote } from './remote.ts';

/** Which jobs, by number. */
export interface JobRange {
  readonly from: number;
  readonly count: number;
}

/** When a run of calls began and ended, by the system-wide monotonic clock in milliseconds. */
export interface Span {
  readonly startedAt: number;
  readonly endedAt: number;
}

const SINGLE_CALLS = 100;
const BULK_CALLS = 4;
const BULK_JOBS = 1_000;

let producer: Producer;

/** What the producer process offers. */
export type ProducerMethods = typeof methods;

const methods = {
  async open(system: SystemName, connection: Connection): Promise<void> {
    producer = await (await loadSystem(system)).openProducer(connection);
  },

  /** One job per call, 100 calls in flight. */
  singles({ from, count }: JobRange): Promise<Span> {
    return timed(() => inFlight(count, SINGLE_CALLS, (index) => producer.createOne(jobOf(from + index))));
  },

  /** Bulk calls of up to 1,000 jobs, 4 in flight. */
  bulk({ from, count }: JobRange): Promise<Span> {
    return timed(() =>
      inFlight(Math.ceil(count / BULK_JOBS), BULK_CALLS, (index) => {
        const before = index * BULK_JOBS;
        return producer.createMany(jobsFrom(from + before, Math.min(BULK_JOBS, count - before)));
      }),
    );
  },

  /** One job per call at an even rate; when each call began. */
  async paced({ from, count }: JobRange, perSecond: number): Promise<Float64Array> {
    const calledAt = new Float64Array(count);
    const calls: Promise<unknown>[] = [];
    const start = monotonicMs();
    for (let index = 0; index < count; index++) {
      await pause(Math.max(0, start + (index * 1000) / perSecond - monotonicMs()));
      calledAt[index] = monotonicMs();
      calls.push(producer.createOne(jobOf(from + index)));
    }
    await Promise.all(calls);
    return calledAt;
  },

  unfinished: (): Promise<number> => producer.unfinished(),

  close: (): Promise<void> => producer.close(),
};

async function timed(run: () => Promise<void>): Promise<Span> {
  const startedAt = monotonicMs();
  await run();
  return { startedAt, endedAt: monotonicMs() };
}

serveRemote(methods);
