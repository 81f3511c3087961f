import type { ListTasks, Task } from '@orrery/core';
import { writeLabels } from '../task-json.ts';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { fromMillis, statement } from './statement.ts';

const COLUMNS = TASK_COLUMNS.join(', ');

function page(table: string): string {
  return `(select ${COLUMNS} from ${table}
    where namespace = $1
      and ($3::text is null or id < $3)
      and ($4::text[] is null or status = any($4))
      and ($5::text[] is null or queue = any($5))
      and ($6::text[] is null or type = any($6) or type ^@ any($7::text[]))
      and ($8::jsonb is null or labels @> $8)
      and ($9::text is null or correlation_id = $9)
      and ($10::text is null or parent_task_id = $10)
      and ($11::bigint is null or created_at >= ${fromMillis('$11')})
      and ($12::bigint is null or created_at < ${fromMillis('$12')})
    order by id desc
    limit $2)`;
}

/** The primary keys give the order, so that a page costs what it shows and what its filters pass over. */
const LIST = statement('list_tasks', `${page('task')} union all ${page('finished_task')} order by id desc limit $2`);

/** A page of tasks by id, descending. */
export async function listTasks(database: Database, query: ListTasks): Promise<readonly Task[]> {
  const types = filled(query.types);
  const rows = await database.query<TaskRow>(LIST, [
    query.namespace,
    query.limit,
    query.afterId ?? null,
    filled(query.statuses),
    filled(query.queues),
    types?.filter((type) => !type.endsWith('.*')) ?? null,
    types?.filter((type) => type.endsWith('.*')).map((type) => type.slice(0, -1)) ?? null,
    writeLabels(query.labels ?? {}),
    query.correlationId ?? null,
    query.parentTaskId ?? null,
    query.createdFrom?.getTime() ?? null,
    query.createdBefore?.getTime() ?? null,
  ]);
  return rows.map(toTask);
}

function filled(wanted: readonly string[] | undefined): readonly string[] | null {
  return wanted && wanted.length > 0 ? wanted : null;
}
