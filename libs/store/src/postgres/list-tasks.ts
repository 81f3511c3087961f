import { isTerminal, type ListTasks, type Task, type TaskStatus } from '@orrery/core';
import { writeLabels } from '../task-json.ts';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { fromMillis, type Statement, statement } from './statement.ts';

const COLUMNS = TASK_COLUMNS.join(', ');

/** Which tables have what is wanted; dead letters have an index of their own. */
type Where = 'all' | 'live' | 'ended' | 'failed';

function page(columns: string, table: string, only = ''): string {
  return `(select ${columns} from ${table}
    where namespace = $1${only}
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
function statements(name: string, columns: string): Readonly<Record<Where, Statement>> {
  const [live, ended] = [page(columns, 'task'), page(columns, 'finished_task')];
  return {
    all: statement(name, `${live} union all ${ended} order by id desc limit $2`),
    live: statement(`${name}_live`, live),
    ended: statement(`${name}_ended`, ended),
    failed: statement(`${name}_failed`, page(columns, 'finished_task', ` and status = 'FAILED'`)),
  };
}

const LIST = statements('list_tasks', COLUMNS);
const LIST_IDS = statements('list_task_ids', 'id');

/** A page of tasks by id, descending. */
export async function listTasks(database: Database, query: ListTasks): Promise<readonly Task[]> {
  const rows = await database.query<TaskRow>(LIST[whereIs(query.statuses)], valuesOf(query));
  return rows.map(toTask);
}

/** The ids of such a page. */
export async function listTaskIds(database: Database, query: ListTasks): Promise<readonly string[]> {
  const rows = await database.query<{ readonly id: string }>(LIST_IDS[whereIs(query.statuses)], valuesOf(query));
  return rows.map(({ id }) => id);
}

function whereIs(statuses: readonly TaskStatus[] = []): Where {
  if (statuses.length === 0) return 'all';
  if (statuses.every((status) => status === 'FAILED')) return 'failed';
  if (statuses.every(isTerminal)) return 'ended';
  return statuses.some(isTerminal) ? 'all' : 'live';
}

function valuesOf(query: ListTasks): readonly unknown[] {
  const types = filled(query.types);
  return [
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
  ];
}

function filled(wanted: readonly string[] | undefined): readonly string[] | null {
  return wanted && wanted.length > 0 ? wanted : null;
}
