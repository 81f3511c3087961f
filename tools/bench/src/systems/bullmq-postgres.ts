import { createPostgresBackend, Queue, Worker } from 'bullmq';
import type { QueueSystem } from '../queue-system.ts';
import { CONCURRENCY, JOB_OPTIONS, processor, producerOf, QUEUE, runningWorker } from './bullmq.ts';

const POOL = 20;

/** BullMQ on PostgreSQL. */
export const bullmqPostgres: QueueSystem = {
  async openProducer({ url }) {
    const connection = { connectionString: url, max: POOL, migrate: true };
    const queue = new Queue(QUEUE, { connection, defaultJobOptions: JOB_OPTIONS }, createPostgresBackend);
    await queue.waitUntilReady();
    return producerOf(queue);
  },

  startWorker({ url }, onJob) {
    const connection = { connectionString: url, max: POOL };
    const options = { connection, concurrency: CONCURRENCY };
    return runningWorker(new Worker(QUEUE, processor(onJob), options, createPostgresBackend));
  },
};
