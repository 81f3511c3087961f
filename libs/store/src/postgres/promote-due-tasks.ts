import type { Promotion } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Database } from './database.ts';
import { NOW, statement, toMillis } from './statement.ts';

/** In chunks, and side by side: a hundred thousand tasks that fall due at once must not become one long transaction. */
const PROMOTE = statement(
  'promote_due_tasks',
  `with due as materialized (
    select namespace, id from task
    where status = 'PENDING' and not ready and run_at <= ${NOW}
    order by run_at
    limit $2
    for update skip locked),
  promoted as (
    update task set ready = true from due
    where task.namespace = due.namespace and task.id = due.id
    returning task.namespace, queue)
  select namespace, queue, count(*)::int as count from promoted group by namespace, queue`,
);

const NEXT = statement(
  'next_due_task',
  `select greatest(0, ${toMillis('run_at')} - ${toMillis(NOW)})::float8 as millis
  from task where status = 'PENDING' and not ready
  order by run_at limit 1`,
);

/** Makes tasks ready whose time has come. */
export async function promoteDueTasks(database: Database, limit: number): Promise<Promotion> {
  const now = database.now();
  const rows = await database.query<{ namespace: string; queue: string; count: number }>(PROMOTE, [now, limit]);
  const [next] = await database.query<{ millis: number }>(NEXT, [now]);
  return {
    count: rows.reduce((sum, row) => sum + row.count, 0),
    queues: rows.map(({ namespace, queue }) => ({ namespace, queue })),
    nextDueIn: next ? Duration.ofMillis(next.millis) : null,
  };
}
