import { isTerminal, startBy, taskNotFound, type Change, type Task, type TaskKey } from '@orrery/core';
import { encodeEvent } from '../event-codec.ts';
import { writeLabels, writeFailedAttempts, writeProgress, writeTaskError } from '../task-json.ts';
import { writeTaskOptions } from '../task-options.ts';
import { TASK_COLUMNS, toTask, type TaskRow } from '../task-row.ts';
import type { Connection, Database } from './database.ts';
import { fromMillis, NOW, statement, toMillis } from './statement.ts';

const COLUMNS = TASK_COLUMNS.join(', ');

const LOCK_LIVE = statement('lock_task', `select ${COLUMNS} from task where namespace = $1 and id = $2 for update`);
const LOCK_ENDED = statement(
  'lock_finished_task',
  `select ${COLUMNS} from finished_task where namespace = $1 and id = $2 for update`,
);
const DELETE_LIVE = statement('delete_task', 'delete from task where namespace = $1 and id = $2');
const DELETE_ENDED = statement('delete_finished_task', 'delete from finished_task where namespace = $1 and id = $2');
const READ_NOW = statement('now', `select ${toMillis(NOW)}::float8 as now`);

const INSTANTS = new Set<string>(TASK_COLUMNS.filter((name) => name.endsWith('_at')));
const VALUES = TASK_COLUMNS.map((name, i) => (INSTANTS.has(name) ? fromMillis(`$${i + 1}::bigint`) : `$${i + 1}`)).join(
  ', ',
);
const LIVE_VALUES = `$${TASK_COLUMNS.length + 1}, ${fromMillis(`$${TASK_COLUMNS.length + 2}::bigint`)}`;

const INSERT_LIVE = statement(
  'insert_task',
  `insert into task (${COLUMNS}, ready, start_by) values (${VALUES}, ${LIVE_VALUES})`,
);
const INSERT_ENDED = statement('insert_finished_task', `insert into finished_task (${COLUMNS}) values (${VALUES})`);
const UPDATE_LIVE = statement(
  'update_task',
  `update task set (${COLUMNS}, ready, start_by) = row(${VALUES}, ${LIVE_VALUES}) where namespace = $1 and id = $2`,
);
const TELL = statement(
  'tell_of_task',
  `insert into outbox (namespace, at, events) values ($1, ${fromMillis('$2::bigint')}, $3)`,
);

/**
 * Applies a person's command to one task under its row lock: rare enough that the pure decision may be taken here rather than
 * in SQL. `decide` returns null if there is nothing to do. Throws a `Refusal` if there is no such task, or what `decide` throws.
 */
export async function changeTask(
  database: Database,
  key: TaskKey,
  decide: (task: Task, now: Date) => Change | null,
  /** What is to be done with the change. */
  before?: (connection: Connection, after: Task) => Promise<void>,
): Promise<Task> {
  return database.transaction((connection) => changeTaskWithin(connection, database.now(), key, decide, before));
}

/** The same within a transaction. */
export async function changeTaskWithin(
  connection: Connection,
  clock: number | null,
  key: TaskKey,
  decide: (task: Task, now: Date) => Change | null,
  before?: (connection: Connection, after: Task) => Promise<void>,
): Promise<Task> {
  const task = await lock(connection, key);
  const now = await readNow(connection, clock);
  const change = decide(task, now);
  if (!change) return task;
  await before?.(connection, change.task);
  await write(connection, task, change.task, now);
  const events = JSON.stringify([encodeEvent(change.event)]);
  await connection.query(TELL, [key.namespace, change.event.at.getTime(), events]);
  return change.task;
}

/** The instant of a transaction: the database's, or what the store's own clock says. */
export async function readNow(connection: Connection, clock: number | null): Promise<Date> {
  const [row] = await connection.query<{ now: number }>(READ_NOW, [clock]);
  return new Date(row?.now ?? NaN);
}

async function write(connection: Connection, before: Task, after: Task, now: Date): Promise<void> {
  const [wasLive, isLive] = [!isTerminal(before.status), !isTerminal(after.status)];
  const row = toValues(after);
  if (isLive) row.push(after.runAt <= now, startBy(after)?.getTime() ?? null);
  // Those who wait for the row's lock go on with the row as it is then, unless it was deleted: then they think it has gone.
  if (wasLive && isLive) {
    await connection.query(UPDATE_LIVE, row);
    return;
  }
  await connection.query(wasLive ? DELETE_LIVE : DELETE_ENDED, [before.namespace, before.id]);
  await connection.query(isLive ? INSERT_LIVE : INSERT_ENDED, row);
}

/** Looks twice among the live ones: while the lock was waited for, the task may have been on its way there and back. */
async function lock(connection: Connection, key: TaskKey): Promise<Task> {
  for (const where of [LOCK_LIVE, LOCK_ENDED, LOCK_LIVE, LOCK_ENDED]) {
    const [row] = await connection.query<TaskRow>(where, [key.namespace, key.id]);
    if (row) return toTask(row);
  }
  throw taskNotFound(key.namespace, key.id);
}

/** The values of TASK_COLUMNS. */
function toValues(task: Task): unknown[] {
  const row: Record<(typeof TASK_COLUMNS)[number], unknown> = {
    namespace: task.namespace,
    id: task.id,
    queue: task.queue,
    type: task.type,
    params: task.params.data,
    params_type: task.params.contentType,
    priority: task.priority,
    flow_key: task.flowKey || null,
    options: writeTaskOptions(task),
    labels: writeLabels(task.labels),
    correlation_id: task.correlationId,
    traceparent: task.traceparent,
    parent_task_id: task.parentTaskId,
    status: task.status,
    run_at: task.runAt.getTime(),
    attempt: task.attempt,
    max_attempts: task.maxAttempts,
    worker_id: task.workerId,
    lease_token: task.leaseToken,
    lease_expires_at: task.leaseExpiresAt?.getTime(),
    cancel_requested_at: task.cancelRequestedAt?.getTime(),
    progress: writeProgress(task.progress),
    heartbeat_at: task.heartbeatAt?.getTime(),
    result: task.result?.data,
    result_type: task.result?.contentType,
    error: task.error && writeTaskError(task.error),
    failed_attempts: writeFailedAttempts(task.failedAttempts),
    created_at: task.createdAt.getTime(),
    updated_at: task.updatedAt.getTime(),
    started_at: task.startedAt?.getTime(),
    finished_at: task.finishedAt?.getTime(),
    revision: task.revision,
  };
  return TASK_COLUMNS.map((name) => row[name] ?? null);
}
