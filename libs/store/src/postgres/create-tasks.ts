import { requestIdReused, taskAlreadyExists } from '@orrery/core';
import type { CreateOutcome, CreateTasks, NewTask, Refusal } from '@orrery/core';
import type { EncodedTaskEvent } from '../event-codec.ts';
import { writeLabels } from '../task-json.ts';
import { writeTaskOptions } from '../task-options.ts';
import type { Connection, Database } from './database.ts';
import { fromMillis, NOW, startBySql, statement } from './statement.ts';
import { isUniqueViolation } from './storage-errors.ts';

const NEW = `
  insert into task (
    namespace, id, queue, type, params, params_type, priority, flow_key, options, labels, correlation_id, traceparent,
    parent_task_id, status, run_at, attempt, max_attempts, worker_id, created_at, updated_at, revision, ready, start_by)
  select $2, id, queue, type, params, params_type, priority, flow_key, options, labels, correlation_id, traceparent,
    parent_task_id, 'PENDING', run_at, 0, max_attempts, '', now, now, 1, run_at <= now, ${startBySql('run_at')}
  from (
    select *, greatest(now, ${fromMillis('due_at')}, now + delay * interval '1 millisecond') as run_at
    from (select ${NOW} as now offset 0) as clock, unnest(
      $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::int[], $9::text[], $10::text[], $11::jsonb[],
      $12::text[], $13::text[], $14::text[], $15::int[], $16::bigint[], $17::bigint[]
    ) as given (
      id, queue, type, params, params_type, priority, flow_key, options, labels,
      correlation_id, traceparent, parent_task_id, max_attempts, due_at, delay)
  ) as new`;

/**
 * One statement for any number of tasks: a row per commit would cap the server at some 1,400 a second, 100 rows per commit
 * insert 80 times as many. The caller knows everything about the events but the time, so it writes them.
 */
const INSERT = statement(
  'create_tasks',
  `with new as (${NEW})
  insert into outbox (namespace, at, events) values ($2, ${NOW}, $18)`,
);

/** The same, unless the request id was used before; of several calls at once, the others wait until the first has ended. */
const INSERT_ONCE = statement(
  'create_tasks_once',
  `with used as (
    insert into create_request (namespace, request_id, body_hash, task_ids, created_at)
    values ($2, $19, $20, $21, ${NOW})
    on conflict do nothing
    returning 1),
  new as (${NEW} where exists (select from used)),
  told as (
    insert into outbox (namespace, at, events)
    select $2, ${NOW}, $18 where $18 <> '[]' and exists (select from used))
  select 1 as first from used`,
);

/** What a request id was used for. */
export const READ_REQUEST = statement(
  'read_create_request',
  'select body_hash, task_ids from create_request where namespace = $1 and request_id = $2',
);

const ENDED = statement('find_ended_ids', 'select id from finished_task where namespace = $1 and id = any($2::text[])');

/** Which of these tasks have not ended. */
export const LIVE = statement('find_live_ids', 'select id from task where namespace = $1 and id = any($2::text[])');

/** Stores new tasks. */
export async function createTasks(database: Database, request: CreateTasks): Promise<readonly CreateOutcome[]> {
  if (request.tasks.length === 0 && !request.request) return [];
  return namingTakenIds(
    database,
    () => request,
    () => {
      if (!request.tasks.some((task) => task.idIsCallers)) return insertTasks(database, database.now(), request);
      return database.transaction((connection) => createWithin(connection, database.now(), request));
    },
  );
}

/** Stores new tasks as part of a transaction, which is to be rolled back if it throws. */
export async function createWithin(
  connection: Connection,
  now: number | null,
  request: CreateTasks,
): Promise<readonly CreateOutcome[]> {
  const outcomes = await insertTasks(connection, now, request);
  const chosen = request.tasks.filter((task) => task.idIsCallers).map((task) => task.spec.id);
  if (chosen.length === 0 || outcomes[0]?.deduplicated) return outcomes;
  // Only now: a task that ended before the insert could go through is found here, one that had not yet made it fail.
  const ended = await connection.query<{ id: string }>(ENDED, [request.namespace, chosen]);
  if (ended.length > 0) throw refuse(request, ended);
  return outcomes;
}

/** Creates tasks; an id that is taken becomes the refusal that names it. */
export async function namingTakenIds<T>(
  database: Database,
  what: () => CreateTasks,
  create: () => Promise<T>,
): Promise<T> {
  try {
    return await create();
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    // The error names one id in the way; the answer names the first in the order of the request.
    const request = what();
    const keys = [request.namespace, request.tasks.map((task) => task.spec.id)];
    const live = await database.query<{ id: string }>(LIVE, keys);
    const ended = await database.query<{ id: string }>(ENDED, keys);
    throw refuse(request, [...live, ...ended], takenId(error));
  }
}

/** Names the first task of the request whose id is taken, if only by an earlier one of the same request. */
function refuse(request: CreateTasks, taken: readonly { readonly id: string }[], otherwise = ''): Refusal {
  const seen = new Set(taken.map(({ id }) => id));
  for (const { spec } of request.tasks) {
    if (seen.has(spec.id)) return taskAlreadyExists(request.namespace, spec.id);
    seen.add(spec.id);
  }
  return taskAlreadyExists(request.namespace, otherwise);
}

/** Stores new tasks whose ids were made here: within a transaction if `on` is one. */
export async function insertTasks(
  on: Connection,
  now: number | null,
  request: CreateTasks,
): Promise<readonly CreateOutcome[]> {
  const { namespace, tasks, request: once } = request;
  const ids = tasks.map((task) => task.spec.id);
  const values = [now, namespace, ...columns(tasks), JSON.stringify(tasks.map(created))];
  const outcomes = ids.map((id) => ({ id, deduplicated: false }));
  if (!once) {
    await on.query(INSERT, values);
    return outcomes;
  }
  for (;;) {
    const first = await on.query(INSERT_ONCE, [...values, once.id, once.bodyHash, JSON.stringify(ids)]);
    if (first.length > 0) return outcomes;
    const [used] = await on.query<{ body_hash: Uint8Array; task_ids: string }>(READ_REQUEST, [namespace, once.id]);
    // Forgotten between the two statements: go again.
    if (!used) continue;
    if (Buffer.compare(used.body_hash, once.bodyHash) !== 0) throw requestIdReused(once.id);
    return (JSON.parse(used.task_ids) as string[]).map((id) => ({ id, deduplicated: true }));
  }
}

function columns(tasks: readonly NewTask[]): readonly (readonly unknown[])[] {
  const specs = tasks.map((task) => task.spec);
  return [
    specs.map((spec) => spec.id),
    specs.map((spec) => spec.queue),
    specs.map((spec) => spec.type),
    specs.map((spec) => spec.params.data),
    specs.map((spec) => spec.params.contentType),
    specs.map((spec) => spec.priority),
    specs.map((spec) => spec.flowKey || null),
    specs.map(writeTaskOptions),
    specs.map((spec) => writeLabels(spec.labels)),
    specs.map((spec) => spec.correlationId),
    specs.map((spec) => spec.traceparent),
    specs.map((spec) => spec.parentTaskId),
    specs.map((spec) => spec.retryPolicy.maxAttempts),
    tasks.map(({ due }) => (due instanceof Date ? due.getTime() : null)),
    tasks.map(({ due }) => (due === null || due instanceof Date ? null : due.addTo(EPOCH).getTime())),
  ];
}

const EPOCH = new Date(0);

function created({ spec }: NewTask): EncodedTaskEvent {
  return ['created', spec.id, 1, spec.queue, spec.type, 0, '', spec.correlationId, spec.traceparent];
}

/** The id in "Key (namespace, id)=(default, my-id) already exists.". */
function takenId(error: unknown): string | undefined {
  const detail =
    error instanceof Error && error.cause instanceof Error && 'detail' in error.cause ? error.cause.detail : '';
  return /=\(.*, ([^,]+)\) already exists/.exec(String(detail))?.[1];
}
