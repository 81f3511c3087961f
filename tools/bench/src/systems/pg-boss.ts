import { PgBoss } from 'pg-boss';
import type { Job, QueueSystem } from '../queue-system.ts';

const QUEUE = 'bench';
const POOL = 20;

/** pg-boss, with or without NOTIFY, with batches and a partition of its own. */
export const pgBoss: QueueSystem = {
  async openProducer({ url, notify = false }) {
    const boss = await open(url, notify);
    await boss.createQueue(QUEUE, { partition: true, notify });
    return {
      createOne: (job) => boss.send(QUEUE, job),
      createMany: (jobs) =>
        boss.insert(
          QUEUE,
          jobs.map((data) => ({ data })),
        ),
      async unfinished() {
        const sql = `select count(*)::int as jobs from pgboss.job where name = $1 and state < 'completed'`;
        const { rows } = await boss.getDb().executeSql(sql, [QUEUE]);
        return (rows as { jobs: number }[])[0]?.jobs ?? 0;
      },
      close: () => boss.stop(),
    };
  },

  async startWorker({ url, notify = false }, onJob) {
    const boss = await open(url, notify);
    const options = { batchSize: 500, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true };
    await boss.work<Job>(QUEUE, options, async (jobs) => {
      for (const { data } of jobs) onJob(data);
    });
    return boss;
  },
};

async function open(url: string, useListenNotify: boolean): Promise<PgBoss> {
  const boss = new PgBoss({ connectionString: url, max: POOL, schedule: false, useListenNotify });
  boss.on('error', (error) => console.error(error));
  return boss.start();
}
