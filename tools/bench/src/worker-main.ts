import { loadSystem, type SystemName } from './load-system.ts';
import { monotonicMs } from './monotonic.ts';
import type { Connection, Job, QueueSystem, RunningWorker } from './queue-system.ts';
import { serveRemote } from './remote.ts';
import { RunRecord } from './run-record.ts';

let system: QueueSystem;
let connection: Connection;
let record: RunRecord;
let worker: RunningWorker | null = null;

const onJob = ({ number }: Job) => record.began(number, monotonicMs());

/** What the worker process offers. */
export type WorkerMethods = typeof methods;

const methods = {
  /** Loads the system, for jobs up to a number; nothing runs yet. */
  async open(name: SystemName, to: Connection, jobs: number): Promise<void> {
    system = await loadSystem(name);
    connection = to;
    record = new RunRecord(jobs);
  },

  /** Starts to run jobs; when it was told to. */
  async start(): Promise<number> {
    const startedAt = monotonicMs();
    worker ??= await system.startWorker(connection, onJob);
    return startedAt;
  },

  async stop(): Promise<void> {
    await worker?.stop();
    worker = null;
  },

  /** Resolves once so many different jobs have begun; rejects when none does for a while. */
  waitFor: (jobs: number): Promise<void> => record.waitFor(jobs),

  /** When the jobs from a number on began. */
  begunAt: (from: number, count: number): Float64Array => record.begunAt(from, count),

  /** What is wrong with how often the first jobs ran; none: each ran once. */
  problems: (jobs: number): readonly string[] => record.problems(jobs),
};

serveRemote(methods);
