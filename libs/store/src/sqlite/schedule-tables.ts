import { cancelTask, isTerminal, waitsForEnd } from '@orrery/core';
import type {
  CreateTasks,
  NewTask,
  Schedule,
  ScheduleChange,
  ScheduleContext,
  ScheduleKey,
  ScheduleRun,
} from '@orrery/core';
import type { ScheduleTables } from '../schedule-changes.ts';
import { type ScheduleRow, type ScheduleRunRow, toSchedule, toScheduleRun, writeDefinition } from '../schedule-row.ts';
import { changeTask } from './change-task.ts';
import { createTasks, findRequest, keepRequest } from './create-tasks.ts';
import { findTask } from './find-task.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

type Request = NonNullable<CreateTasks['request']>;

const FIND = 'SELECT * FROM schedule WHERE namespace = ? AND id = ?';
const DUE = `
  SELECT * FROM schedule WHERE NOT paused AND next_run_at <= ?1
  UNION
  SELECT * FROM schedule AS s WHERE waits AND NOT paused
    AND NOT EXISTS (SELECT 1 FROM task AS t WHERE t.namespace = s.namespace AND t.id = s.active_task_id)
  ORDER BY next_run_at LIMIT ?2`;
const NEXT = 'SELECT min(next_run_at) AS next FROM schedule WHERE NOT paused';
const KEEP = `
  INSERT OR REPLACE INTO schedule (namespace, id, definition, paused, next_run_at, waits, active_task_id, queued_count,
    last_run_at, last_task_id, fired_count, skipped_count, created_at, updated_at, deleted_at, revision)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const KEEP_RUN = `
  INSERT OR REPLACE INTO schedule_run (namespace, schedule_id, task_id, slot_at, cause, status, at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`;
const FORGET_RUNS = 'DELETE FROM schedule_run WHERE namespace = ? AND schedule_id = ?';
const QUEUED = `
  SELECT * FROM schedule_run WHERE namespace = ? AND schedule_id = ? AND status = 'QUEUED' ORDER BY slot_at, task_id LIMIT 1`;
const WITHIN = 'SELECT * FROM schedule_run WHERE namespace = ? AND schedule_id = ? AND slot_at >= ? AND slot_at < ?';
const OF_TASKS = `
  SELECT * FROM schedule_run WHERE namespace = ? AND schedule_id = ? AND task_id IN (SELECT value FROM json_each(?))
  ORDER BY slot_at, task_id`;

/** Schedules, their runs and their tasks within SQLite's transaction. */
export class SqliteScheduleTables implements ScheduleTables {
  readonly #tx: SqliteTransaction;

  constructor(tx: SqliteTransaction) {
    this.#tx = tx;
  }

  get now(): Date {
    return this.#tx.now;
  }

  find({ namespace, id }: ScheduleKey): Schedule | null {
    const row = this.#tx.db.get<ScheduleRow>(FIND, namespace, id);
    return row ? toSchedule(row) : null;
  }

  due(limit: number): readonly Schedule[] {
    return this.#tx.db.all<ScheduleRow>(DUE, this.now.getTime(), limit).map(toSchedule);
  }

  nextRunAt(): Date | null {
    const next = this.#tx.db.get<{ readonly next: number | null }>(NEXT)?.next ?? null;
    return next === null ? null : new Date(next);
  }

  contextOf(schedule: Schedule): ScheduleContext {
    const { namespace, activeTaskId: id, queuedCount } = schedule;
    const run = queuedCount > 0 ? this.#tx.db.get<ScheduleRunRow>(QUEUED, namespace, schedule.id) : undefined;
    const queued = run ? toScheduleRun(run) : null;
    if (id === '') return { active: 'NONE', queued };
    const task = findTask(this.#tx.db, { namespace, id });
    return { active: task && !isTerminal(task.status) ? 'LIVE' : { endedAt: task?.finishedAt ?? null }, queued };
  }

  runsWithin({ namespace, id }: Schedule, from: Date, before: Date): readonly ScheduleRun[] {
    const range = [from.getTime(), before.getTime()] as const;
    return this.#tx.db.all<ScheduleRunRow>(WITHIN, namespace, id, ...range).map(toScheduleRun);
  }

  runsOf({ namespace, id }: ScheduleKey, taskIds: readonly string[]): readonly ScheduleRun[] {
    return this.#tx.db.all<ScheduleRunRow>(OF_TASKS, namespace, id, JSON.stringify(taskIds)).map(toScheduleRun);
  }

  usedRequest(namespace: string, request: Request): readonly string[] | null {
    return findRequest(this.#tx, namespace, request) ?? null;
  }

  keepRequest(namespace: string, request: Request, ids: readonly string[]): void {
    keepRequest(this.#tx, namespace, request, ids);
  }

  write({ schedule, tasks, runs, cancelTaskId, events }: ScheduleChange): void {
    const { namespace, id } = schedule;
    this.#keep(schedule);
    if (schedule.deletedAt) this.#tx.db.run(FORGET_RUNS, namespace, id);
    for (const { taskId, slotAt, cause, status, at } of runs)
      this.#tx.db.run(KEEP_RUN, namespace, id, taskId, slotAt.getTime(), cause, status, at.getTime());
    for (const event of events) this.#tx.tell(event);
    createTasks(this.#tx, { namespace, tasks: tasks.filter((task) => this.#isNew(task)), request: null });
    if (cancelTaskId === '' || !findTask(this.#tx.db, { namespace, id: cancelTaskId })) return;
    changeTask(this.#tx, { namespace, id: cancelTaskId }, (task, now) =>
      isTerminal(task.status) ? null : cancelTask(task, now),
    );
  }

  #isNew({ spec }: NewTask): boolean {
    return findTask(this.#tx.db, spec) === undefined;
  }

  #keep(schedule: Schedule): void {
    this.#tx.db.run(
      KEEP,
      schedule.namespace,
      schedule.id,
      writeDefinition(schedule),
      Number(schedule.paused),
      schedule.nextRunAt?.getTime() ?? null,
      Number(waitsForEnd(schedule)),
      schedule.activeTaskId,
      schedule.queuedCount,
      schedule.lastRunAt?.getTime() ?? null,
      schedule.lastTaskId,
      schedule.firedCount,
      schedule.skippedCount,
      schedule.createdAt.getTime(),
      schedule.updatedAt.getTime(),
      schedule.deletedAt?.getTime() ?? null,
      schedule.revision,
    );
  }
}
