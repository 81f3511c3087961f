import type { QueueStats } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { NOW, statement, toMillis } from './statement.ts';

/** Reads every live row once: for a look every few seconds, not for each request. */
const count = (name: string, place: string) =>
  statement(
    name,
    `select ${place},
    count(*) filter (where status = 'PENDING' and ready)::int as ready,
    count(*) filter (where status = 'PENDING' and not ready)::int as scheduled,
    count(*) filter (where status = 'RUNNING')::int as running,
    greatest(0, ${toMillis(NOW)} - ${toMillis(`min(run_at) filter (where status = 'PENDING' and ready)`)})::float8 as oldest
  from task group by ${place}`,
  );

const COUNT = count('count_tasks', 'namespace, queue');
const COUNT_BY_TYPE = count('count_tasks_by_type', 'namespace, queue, type');

interface Counted {
  readonly namespace: string;
  readonly queue: string;
  readonly type?: string;
  readonly ready: number;
  readonly scheduled: number;
  readonly running: number;
  readonly oldest: number;
}

/** Counts live tasks by queue and state, and perhaps by type. */
export async function countTasks(database: Database, byType: boolean): Promise<readonly QueueStats[]> {
  const rows = await database.query<Counted>(byType ? COUNT_BY_TYPE : COUNT, [database.now()]);
  return rows.map(({ oldest, ...counted }) => ({
    ...counted,
    oldestReadyFor: counted.ready > 0 ? Duration.ofMillis(oldest) : null,
  }));
}
