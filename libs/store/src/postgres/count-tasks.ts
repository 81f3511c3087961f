import type { QueueStats } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { NOW, statement, toMillis } from './statement.ts';

/** Reads every live row once: for a look every few seconds, not for each request. */
const COUNT = statement(
  'count_tasks',
  `select namespace, queue,
    count(*) filter (where status = 'PENDING' and ready)::int as ready,
    count(*) filter (where status = 'PENDING' and not ready)::int as scheduled,
    count(*) filter (where status = 'RUNNING')::int as running,
    greatest(0, ${toMillis(NOW)} - ${toMillis(`min(run_at) filter (where status = 'PENDING' and ready)`)})::float8 as oldest
  from task group by namespace, queue`,
);

interface Counted {
  readonly namespace: string;
  readonly queue: string;
  readonly ready: number;
  readonly scheduled: number;
  readonly running: number;
  readonly oldest: number;
}

/** Counts live tasks by queue and state. */
export async function countTasks(database: Database): Promise<readonly QueueStats[]> {
  const rows = await database.query<Counted>(COUNT, [database.now()]);
  return rows.map(({ namespace, queue, ready, scheduled, running, oldest }) => ({
    namespace,
    queue,
    ready,
    scheduled,
    running,
    oldestReadyFor: ready > 0 ? Duration.ofMillis(oldest) : null,
  }));
}
