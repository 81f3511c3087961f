import type { Schedule, ScheduleContext, ScheduleKey, ScheduleRun } from '@orrery/core';
import { type ScheduleRow, type ScheduleRunRow, toSchedule, toScheduleRun } from '../schedule-row.ts';
import type { Connection } from './database.ts';
import { fromMillis, NOW, statement, toMillis } from './statement.ts';

const GET = statement('get_schedule', 'select * from schedule where namespace = $1 and id = $2 and deleted_at is null');

const LIST = statement(
  'list_schedules',
  `select * from schedule where namespace = $1 and deleted_at is null and ($2::text is null or id > $2)
  order by id limit $3`,
);

const LOCK = statement('lock_schedule', 'select * from schedule where namespace = $1 and id = $2 for update');

const HAS_ENDED = `
  waits and not paused and not exists (
    select from task where task.namespace = schedule.namespace and task.id = schedule.active_task_id)`;

/** Each half has an index of its own that holds nothing but schedules of which something may become. */
const LOCK_DUE = statement(
  'lock_due_schedules',
  `with due as materialized (
    (select namespace, id from schedule where not paused and next_run_at <= ${NOW} order by next_run_at limit $2)
    union
    (select namespace, id from schedule where ${HAS_ENDED} limit $2))
  select schedule.* from schedule join due using (namespace, id)
  for update of schedule skip locked`,
);

const LOOK = statement(
  'look_at_schedules',
  `select (select (${toMillis('min(next_run_at)')} - ${toMillis(NOW)})::float8 from schedule where not paused) as millis,
    exists (select from schedule where ${HAS_ENDED}) as ended`,
);

const ACTIVE = statement(
  'find_active_tasks',
  `select given.namespace, given.id, live.id is not null as live, ended.finished_at
  from unnest($1::text[], $2::text[]) as given (namespace, id)
  left join task as live on live.namespace = given.namespace and live.id = given.id
  left join finished_task as ended on ended.namespace = given.namespace and ended.id = given.id`,
);

const QUEUED = statement(
  'find_queued_runs',
  `select given.namespace, given.id, run.*
  from unnest($1::text[], $2::text[]) as given (namespace, id)
  cross join lateral (
    select slot_at, task_id, cause, status, at from schedule_run
    where schedule_run.namespace = given.namespace and schedule_id = given.id and status = 'QUEUED'
    order by slot_at, task_id limit 1) as run`,
);

const WITHIN = statement(
  'schedule_runs_within',
  `select slot_at, task_id, cause, status, at from schedule_run
  where namespace = $1 and schedule_id = $2 and slot_at >= ${fromMillis('$3::bigint')} and slot_at < ${fromMillis('$4::bigint')}`,
);

const OF_TASKS = statement(
  'schedule_runs_of_tasks',
  `select slot_at, task_id, cause, status, at from schedule_run
  where namespace = $1 and schedule_id = $2 and task_id = any($3::text[])
  order by slot_at, task_id`,
);

const RUNS = statement(
  'list_schedule_runs',
  `select slot_at, task_id, cause, status, at from schedule_run
  where namespace = $1 and schedule_id = $2
    and ($3::bigint is null or (slot_at, task_id) < (${fromMillis('$3::bigint')}, $4::text))
  order by slot_at desc, task_id desc limit $5`,
);

/** One schedule; null: there is none. */
export async function getSchedule(on: Connection, { namespace, id }: ScheduleKey): Promise<Schedule | null> {
  const [row] = await on.query<ScheduleRow>(GET, [namespace, id]);
  return row ? toSchedule(row) : null;
}

/** A page of schedules by id. */
export async function listSchedules(
  on: Connection,
  query: { readonly namespace: string; readonly afterId?: string; readonly limit: number },
): Promise<readonly Schedule[]> {
  const rows = await on.query<ScheduleRow>(LIST, [query.namespace, query.afterId ?? null, query.limit]);
  return rows.map(toSchedule);
}

/** A page of a schedule's runs, the newest slot first. */
export async function listScheduleRuns(
  on: Connection,
  query: {
    readonly schedule: ScheduleKey;
    readonly after?: { readonly slotAt: Date; readonly taskId: string };
    readonly limit: number;
  },
): Promise<readonly ScheduleRun[]> {
  const { schedule, after, limit } = query;
  const values = [schedule.namespace, schedule.id, after?.slotAt.getTime() ?? null, after?.taskId ?? '', limit];
  return (await on.query<ScheduleRunRow>(RUNS, values)).map(toScheduleRun);
}

/** Locks one schedule, also a deleted one, until the transaction ends. */
export async function lockSchedule(on: Connection, { namespace, id }: ScheduleKey): Promise<Schedule | null> {
  const [row] = await on.query<ScheduleRow>(LOCK, [namespace, id]);
  return row ? toSchedule(row) : null;
}

/** Locks schedules of which something may become now, but for those that others have locked. */
export async function lockDueSchedules(
  on: Connection,
  now: number | null,
  limit: number,
): Promise<readonly Schedule[]> {
  return (await on.query<ScheduleRow>(LOCK_DUE, [now, limit])).map(toSchedule);
}

/** In how many ms the next slot comes (null: none is known), and whether a task has ended that a schedule waits for. */
export async function lookAtSchedules(
  on: Connection,
  now: number | null,
): Promise<{ readonly millis: number | null; readonly ended: boolean }> {
  const [found] = await on.query<{ millis: number | null; ended: boolean }>(LOOK, [now]);
  return found ?? { millis: null, ended: false };
}

/** What is known of the runs of locked schedules, in their order. */
export async function contextsOf(on: Connection, schedules: readonly Schedule[]): Promise<readonly ScheduleContext[]> {
  const followed = schedules.filter(({ activeTaskId }) => activeTaskId !== '');
  const active = followed.length === 0 ? [] : await on.query<ActiveRow>(ACTIVE, keys(followed, 'activeTaskId'));
  const waiting = schedules.filter(({ queuedCount }) => queuedCount > 0);
  const queued = waiting.length === 0 ? [] : await on.query<QueuedRow>(QUEUED, keys(waiting, 'id'));
  const byTask = new Map(active.map((row) => [`${row.namespace}\0${row.id}`, row]));
  const bySchedule = new Map(queued.map((row) => [`${row.namespace}\0${row.id}`, toScheduleRun(row)]));
  return schedules.map(({ namespace, id, activeTaskId }) => {
    const task = byTask.get(`${namespace}\0${activeTaskId}`);
    return { active: task ? readActive(task) : 'NONE', queued: bySchedule.get(`${namespace}\0${id}`) ?? null };
  });
}

/** The runs of a schedule with a slot in a range. */
export async function runsWithin(
  on: Connection,
  { namespace, id }: ScheduleKey,
  from: Date,
  before: Date,
): Promise<readonly ScheduleRun[]> {
  const values = [namespace, id, from.getTime(), before.getTime()];
  return (await on.query<ScheduleRunRow>(WITHIN, values)).map(toScheduleRun);
}

/** The runs of a schedule among these tasks. */
export async function runsOf(
  on: Connection,
  { namespace, id }: ScheduleKey,
  taskIds: readonly string[],
): Promise<readonly ScheduleRun[]> {
  return (await on.query<ScheduleRunRow>(OF_TASKS, [namespace, id, taskIds])).map(toScheduleRun);
}

interface ActiveRow {
  readonly namespace: string;
  readonly id: string;
  readonly live: boolean;
  readonly finished_at: number | null;
}

type QueuedRow = ScheduleRunRow & { readonly namespace: string; readonly id: string };

function readActive({ live, finished_at: endedAt }: ActiveRow): ScheduleContext['active'] {
  return live ? 'LIVE' : { endedAt: endedAt === null ? null : new Date(endedAt) };
}

function keys(schedules: readonly Schedule[], field: 'id' | 'activeTaskId'): readonly (readonly string[])[] {
  return [schedules.map(({ namespace }) => namespace), schedules.map((schedule) => schedule[field])];
}
