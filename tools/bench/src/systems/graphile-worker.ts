import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import type { Job, QueueSystem } from '../queue-system.ts';

const TASK = 'bench';
const POOL = 20;
const CONCURRENT_JOBS = 24;
const UNFINISHED = 'select count(*)::int as jobs from graphile_worker.jobs';
const quiet = new Logger(() => () => {});

/** graphile-worker with its local queue and its batched completions. */
export const graphileWorker: QueueSystem = {
  async openProducer({ url }) {
    const utils = await makeWorkerUtils({ connectionString: url, maxPoolSize: POOL, logger: quiet });
    await utils.migrate();
    return {
      createOne: (job) => utils.addJob(TASK, job),
      createMany: (jobs) => utils.addJobs(jobs.map((payload) => ({ identifier: TASK, payload }))),
      async unfinished() {
        const { rows } = await utils.withPgClient((client) => client.query<{ jobs: number }>(UNFINISHED));
        return rows[0]?.jobs ?? 0;
      },
      close: async () => utils.release(),
    };
  },

  async startWorker({ url }, onJob) {
    const runner = await run({
      preset: {
        worker: {
          connectionString: url,
          concurrentJobs: CONCURRENT_JOBS,
          maxPoolSize: CONCURRENT_JOBS + 1,
          pollInterval: 100,
          localQueue: { size: 2_000, refetchDelay: { durationMs: 10 } },
          completeJobBatchDelay: 25,
          failJobBatchDelay: 25,
          logger: quiet,
        },
      },
      taskList: { [TASK]: (payload) => onJob(payload as Job) },
      noHandleSignals: true,
    });
    return runner;
  },
};
