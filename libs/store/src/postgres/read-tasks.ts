import type { Task, TaskKey } from '@orrery/core';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Database } from './database.ts';
import { fromMillis, NOW, statement } from './statement.ts';

const COLUMNS = TASK_COLUMNS.map((name) => `found.${name}`).join(', ');

const KEYS = 'unnest($1::text[], $2::text[]) as wanted (namespace, id)';

function byKey(table: string): string {
  return `select ${COLUMNS} from ${KEYS}
    join ${table} as found on found.namespace = wanted.namespace and found.id = wanted.id`;
}

const GET_ENDED = statement('get_finished_tasks', byKey('finished_task'));
const GET = statement('get_tasks', `${byKey('task')} union all ${byKey('finished_task')}`);

const CANCEL_REQUESTS = statement(
  'list_cancel_requests',
  `${byKey('task')} where found.status = 'RUNNING' and found.cancel_requested_at is not null`,
);

const EXPIRED = statement(
  'list_expired_leases',
  `select ${COLUMNS} from task as found
  where status = 'RUNNING' and lease_expires_at <= ${NOW}
  order by lease_expires_at limit $2`,
);

/** Rare, and there are never more RUNNING tasks than there are slots: not worth an index that every claim would pay for. */
const OF_WORKER = statement(
  'list_worker_leases',
  `select ${COLUMNS} from task as found
  where namespace = $1 and worker_id = $2 and status = 'RUNNING' and updated_at <= ${fromMillis('$3::bigint')}
    and lease_expires_at is not null`,
);

/** The tasks among these keys that exist. One statement, so that a task on its way from one table to the other is in one of them. */
export async function getTasks(
  database: Database,
  keys: readonly TaskKey[],
  which: 'all' | 'ended',
): Promise<readonly Task[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<TaskRow>(which === 'ended' ? GET_ENDED : GET, columnsOf(keys));
  return rows.map(toTask);
}

/** RUNNING tasks among these that were asked to be cancelled. */
export async function listCancelRequests(database: Database, keys: readonly TaskKey[]): Promise<readonly Task[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<TaskRow>(CANCEL_REQUESTS, columnsOf(keys));
  return rows.map(toTask);
}

/** RUNNING tasks whose lease has run out, longest ago first. */
export async function listExpiredLeases(database: Database, limit: number): Promise<readonly Task[]> {
  const rows = await database.query<TaskRow>(EXPIRED, [database.now(), limit]);
  return rows.map(toTask);
}

/** RUNNING tasks of a worker whose lease was taken or extended no later than `heldSince`. */
export async function listWorkerLeases(
  database: Database,
  worker: { readonly namespace: string; readonly workerId: string; readonly heldSince: Date },
): Promise<readonly Task[]> {
  const rows = await database.query<TaskRow>(OF_WORKER, [
    worker.namespace,
    worker.workerId,
    worker.heldSince.getTime(),
  ]);
  return rows.map(toTask);
}

function columnsOf(keys: readonly TaskKey[]): readonly (readonly string[])[] {
  const distinct = [...new Map(keys.map((key) => [`${key.namespace} ${key.id}`, key])).values()];
  return [distinct.map((key) => key.namespace), distinct.map((key) => key.id)];
}
