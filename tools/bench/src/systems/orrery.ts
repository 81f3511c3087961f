import { createClient } from '@orrery/client';
import { createWorker } from '@orrery/worker';
import type { Job, QueueSystem } from '../queue-system.ts';

const TYPE = 'bench.job';
const PAGE = 1_000;

/** Orrery through its SDKs over gRPC, whatever it stores in. */
export const orrery: QueueSystem = {
  async openProducer({ url }) {
    const client = createClient({ address: url });
    return {
      createOne: (job) => client.tasks.create(TYPE, job),
      createMany: (jobs) => client.tasks.createMany(jobs.map((params) => ({ type: TYPE, params }))),
      async unfinished() {
        let count = 0;
        for await (const _ of client.tasks.list({ statuses: ['PENDING', 'RUNNING'], pageSize: PAGE })) count += 1;
        return count;
      },
      close: () => client.close(),
    };
  },

  async startWorker({ url, scheduler = url, registry = scheduler }, onJob) {
    const worker = createWorker({ address: scheduler, registry, concurrency: 100, prefetch: 900 });
    worker.handle<Job>(TYPE, onJob);
    await worker.start();
    return worker;
  },
};
