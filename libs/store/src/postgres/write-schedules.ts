import { cancelTask, isTerminal, type Schedule, type ScheduleChange, waitsForEnd } from '@orrery/core';
import { encodeEvent } from '../event-codec.ts';
import { writeDefinition } from '../schedule-row.ts';
import { changeTaskWithin } from './change-task.ts';
import { insertTasks } from './create-tasks.ts';
import type { Connection } from './database.ts';
import { fromMillis, NOW, statement } from './statement.ts';

const COLUMNS = `namespace, id, definition, paused, next_run_at, waits, active_task_id, queued_count, last_run_at,
  last_task_id, fired_count, skipped_count, created_at, updated_at, deleted_at, revision`;

const GIVEN = `
  select namespace, id, definition, paused, ${fromMillis('next_run_at')} as next_run_at, waits, active_task_id, queued_count,
    ${fromMillis('last_run_at')} as last_run_at, last_task_id, fired_count, skipped_count, ${fromMillis('created_at')} as created_at,
    ${fromMillis('updated_at')} as updated_at, ${fromMillis('deleted_at')} as deleted_at, revision
  from json_to_recordset($1::json) as given (
    namespace text, id text, definition text, paused boolean, next_run_at bigint, waits boolean, active_task_id text,
    queued_count int, last_run_at bigint, last_task_id text, fired_count bigint, skipped_count bigint, created_at bigint,
    updated_at bigint, deleted_at bigint, revision int)`;

const INSERT = statement(
  'insert_schedule',
  `insert into schedule (${COLUMNS}) ${GIVEN} on conflict do nothing returning 1 as inserted`,
);

/** The caller has locked the rows. What people decide is written only if they changed it: it holds the params. */
const UPDATE = statement(
  'update_schedules',
  `update schedule set definition = coalesce(new.definition, schedule.definition), paused = new.paused,
    next_run_at = new.next_run_at, waits = new.waits, active_task_id = new.active_task_id,
    queued_count = new.queued_count, last_run_at = new.last_run_at, last_task_id = new.last_task_id,
    fired_count = new.fired_count, skipped_count = new.skipped_count, created_at = new.created_at,
    updated_at = new.updated_at, deleted_at = new.deleted_at, revision = new.revision
  from (${GIVEN}) as new
  where schedule.namespace = new.namespace and schedule.id = new.id`,
);

const KEEP_RUNS = statement(
  'keep_schedule_runs',
  `insert into schedule_run (namespace, schedule_id, task_id, slot_at, cause, status, at)
  select namespace, schedule_id, task_id, ${fromMillis('slot_at')}, cause, status, ${fromMillis('at')}
  from json_to_recordset($1::json) as given (
    namespace text, schedule_id text, task_id text, slot_at bigint, cause text, status text, at bigint)
  on conflict (namespace, schedule_id, task_id) do update set status = excluded.status, at = excluded.at`,
);

const FORGET_RUNS = statement(
  'forget_schedule_runs',
  'delete from schedule_run where namespace = $1 and schedule_id = $2',
);

const TAKEN = statement(
  'find_taken_task_ids',
  `select id from task where namespace = $1 and id = any($2::text[])
  union all select id from finished_task where namespace = $1 and id = any($2::text[])`,
);

const TELL = statement('tell_of_schedules', `insert into outbox (namespace, at, events) values ($2, ${NOW}, $3)`);

/** Inserts a new schedule, and tells of it. False: there is one of its id already. */
export async function insertSchedule(on: Connection, clock: number | null, change: ScheduleChange): Promise<boolean> {
  const inserted = await on.query(INSERT, [JSON.stringify([rowOf(change.schedule, true)])]);
  if (inserted.length > 0) await tell(on, clock, [change]);
  return inserted.length > 0;
}

/** Writes everything of the changes of locked schedules. */
export async function writeSchedules(
  on: Connection,
  clock: number | null,
  changes: readonly ScheduleChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ schedule, redefined }) => rowOf(schedule, redefined));
  await on.query(UPDATE, [JSON.stringify(rows)]);
  for (const { schedule } of changes)
    if (schedule.deletedAt) await on.query(FORGET_RUNS, [schedule.namespace, schedule.id]);
  const runs = changes.flatMap(runRowsOf);
  if (runs.length > 0) await on.query(KEEP_RUNS, [JSON.stringify(runs)]);
  await tell(on, clock, changes);
  for (const [namespace, group] of Map.groupBy(changes, ({ schedule }) => schedule.namespace))
    await makeTasks(on, clock, namespace, group);
  for (const { schedule, cancelTaskId: id } of changes)
    if (id !== '') await cancelLive(on, clock, schedule.namespace, id);
}

/** One row of the outbox for each namespace. */
async function tell(on: Connection, clock: number | null, changes: readonly ScheduleChange[]): Promise<void> {
  const events = changes.flatMap((change) => change.events);
  for (const [namespace, group] of Map.groupBy(events, (event) => event.namespace))
    await on.query(TELL, [clock, namespace, JSON.stringify(group.map(encodeEvent))]);
}

/** A slot whose task is there already, from before the schedule was made anew, makes no other. */
async function makeTasks(
  on: Connection,
  clock: number | null,
  namespace: string,
  changes: readonly ScheduleChange[],
): Promise<void> {
  const tasks = changes.flatMap((change) => change.tasks);
  if (tasks.length === 0) return;
  const taken = await on.query<{ id: string }>(TAKEN, [namespace, tasks.map(({ spec }) => spec.id)]);
  const ids = new Set(taken.map(({ id }) => id));
  const fresh = tasks.filter(({ spec }) => !ids.has(spec.id));
  if (fresh.length > 0) await insertTasks(on, clock, { namespace, tasks: fresh, request: null });
}

async function cancelLive(on: Connection, clock: number | null, namespace: string, id: string): Promise<void> {
  const taken = await on.query(TAKEN, [namespace, [id]]);
  // One that ended meanwhile is none to be cancelled; one that was purged even less.
  if (taken.length === 0) return;
  await changeTaskWithin(on, clock, { namespace, id }, (task, now) =>
    isTerminal(task.status) ? null : cancelTask(task, now),
  );
}

function rowOf(schedule: Schedule, redefined: boolean) {
  return {
    namespace: schedule.namespace,
    id: schedule.id,
    definition: redefined ? writeDefinition(schedule) : null,
    paused: schedule.paused,
    next_run_at: schedule.nextRunAt?.getTime(),
    waits: waitsForEnd(schedule),
    active_task_id: schedule.activeTaskId,
    queued_count: schedule.queuedCount,
    last_run_at: schedule.lastRunAt?.getTime(),
    last_task_id: schedule.lastTaskId,
    fired_count: schedule.firedCount,
    skipped_count: schedule.skippedCount,
    created_at: schedule.createdAt.getTime(),
    updated_at: schedule.updatedAt.getTime(),
    deleted_at: schedule.deletedAt?.getTime(),
    revision: schedule.revision,
  };
}

function runRowsOf({ schedule, runs }: ScheduleChange) {
  return runs.map((run) => ({
    namespace: schedule.namespace,
    schedule_id: schedule.id,
    task_id: run.taskId,
    slot_at: run.slotAt.getTime(),
    cause: run.cause,
    status: run.status,
    at: run.at.getTime(),
  }));
}
