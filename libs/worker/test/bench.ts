import { Duration } from '@orrery/duration';
import type { Logger } from '@orrery/rpc';
import { ManualTimers } from '@orrery/rpc/testing';
import { createWorker, type TaskContext, type Worker, type WorkerOptions } from '../src/index.ts';
import { startTestScheduler, type TestScheduler } from './test-scheduler.ts';
import type { TestStream } from './test-stream.ts';

/** The first delay of `reconnectDelay` without jitter. */
export const RECONNECT = Duration.ofMillis(25);

/** What a spec has at hand: a scheduler, time that stands still, and the lines that were logged. */
export interface Bench {
  scheduler: TestScheduler;
  timers: ManualTimers;
  lines: { readonly level: string; readonly message: string }[];
  /** Sets up a worker; it is stopped after the spec. */
  worker(options?: WorkerOptions): Worker;
  /** Starts a worker and waits for its first credits. */
  connected(worker: Worker): Promise<TestStream>;
}

/** A fresh bench for each spec of the file. */
export function useBench(): Bench {
  const workers: Worker[] = [];
  const bench = {
    worker(options: WorkerOptions = {}) {
      const { scheduler, timers, lines } = bench;
      const logger = loggerTo(lines);
      const made = createWorker({ address: scheduler.address, id: 'w1', logger, timers, random: () => 0, ...options });
      workers.push(made);
      return made;
    },
    async connected(made: Worker) {
      await made.start();
      const stream = await bench.scheduler.streams.take();
      await stream.next('credits');
      return stream;
    },
  } as Bench;

  beforeEach(async () => {
    bench.scheduler = await startTestScheduler();
    bench.timers = new ManualTimers();
    bench.lines = [];
  });

  afterEach(async () => {
    const stopped = Promise.all(workers.splice(0).map((worker) => worker.stop()));
    // Whatever a stopping worker still waits for is over.
    let over = false;
    void stopped.then(() => (over = true));
    while (!over) {
      bench.timers.advance(Duration.ofSeconds(400));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await bench.scheduler.close();
  });

  return bench;
}

/** A call of a handler that goes on until the spec ends it. */
export interface HeldCall {
  readonly params: unknown;
  readonly context: TaskContext;
  readonly finish: (value?: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** A handler whose calls end when the spec says so. */
export function gate() {
  const started: HeldCall[] = [];
  let wake: () => void = () => undefined;
  return {
    started,
    handler: (params: unknown, context: TaskContext) =>
      new Promise<unknown>((resolve, reject) => {
        started.push({ params, context, finish: resolve, fail: reject });
        wake();
      }),
    /** The call of this number, counted from 1, as soon as it has begun. */
    async until(count: number): Promise<HeldCall> {
      for (;;) {
        const call = started[count - 1];
        if (call) return call;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}

function loggerTo(lines: Bench['lines']): Logger {
  const log = (level: string) => (_: object, message: string) => void lines.push({ level, message });
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
