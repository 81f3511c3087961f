import type { Job, Producer, RunningWorker } from '../queue-system.ts';

/** The name of the queue, and of its jobs. */
export const QUEUE = 'bench';

/** How many jobs a worker runs at once. */
export const CONCURRENCY = 100;

/** Finished jobs are deleted, as the others archive or delete theirs. */
export const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: true };

/** What is used of a queue of either storage. */
interface JobQueue {
  add(name: string, data: Job): Promise<unknown>;
  addBulk(jobs: { readonly name: string; readonly data: Job }[]): Promise<unknown>;
  getJobCountByTypes(...types: ('waiting' | 'active' | 'delayed' | 'prioritized')[]): Promise<number>;
  close(): Promise<void>;
}

/** What is used of a worker of either storage. */
interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** Runs a job of the queue. */
export function processor(onJob: (job: Job) => void) {
  return async ({ data }: { readonly data: Job }): Promise<void> => onJob(data);
}

/** A producer over a queue. */
export function producerOf(queue: JobQueue): Producer {
  return {
    createOne: (job) => queue.add(QUEUE, job),
    createMany: (jobs) => queue.addBulk(jobs.map((data) => ({ name: QUEUE, data }))),
    unfinished: () => queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized'),
    close: () => queue.close(),
  };
}

/** A worker, once it is ready. */
export async function runningWorker(worker: JobWorker): Promise<RunningWorker> {
  worker.on('error', (error) => console.error(error));
  await worker.waitUntilReady();
  return { stop: () => worker.close() };
}
