import { Queue, Worker } from 'bullmq';
import type { QueueSystem } from '../queue-system.ts';
import { CONCURRENCY, JOB_OPTIONS, processor, producerOf, QUEUE, runningWorker } from './bullmq.ts';

/** BullMQ on Redis. */
export const bullmqRedis: QueueSystem = {
  async openProducer({ url }) {
    const queue = new Queue(QUEUE, { connection: { url }, defaultJobOptions: JOB_OPTIONS });
    await queue.waitUntilReady();
    return producerOf(queue);
  },

  startWorker({ url }, onJob) {
    const connection = { url, maxRetriesPerRequest: null };
    return runningWorker(new Worker(QUEUE, processor(onJob), { connection, concurrency: CONCURRENCY }));
  },
};
