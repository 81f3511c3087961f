import type {
  CreateSchedule,
  CreateTasks,
  Schedule,
  ScheduleCommand,
  ScheduleKey,
  ScheduleOutcome,
  ScheduleRun,
  ScheduleStore,
  ScheduleTurn,
} from '@orrery/core';
import { commandSchedule, createSchedule, fireSchedules } from '../schedule-changes.ts';
import { type ScheduleRow, type ScheduleRunRow, toSchedule, toScheduleRun } from '../schedule-row.ts';
import type { GroupCommit } from './group-commit.ts';
import { SqliteScheduleTables } from './schedule-tables.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const GET = 'SELECT * FROM schedule WHERE namespace = ? AND id = ? AND deleted_at IS NULL';
const LIST = 'SELECT * FROM schedule WHERE namespace = ? AND id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?';
const LIST_RUNS = `
  SELECT * FROM schedule_run WHERE namespace = ? AND schedule_id = ? AND (slot_at, task_id) < (?, ?)
  ORDER BY slot_at DESC, task_id DESC LIMIT ?`;
const PURGE_DELETED = 'DELETE FROM schedule WHERE deleted_at < ?';
const PURGE_RUNS = `
  DELETE FROM schedule_run
  WHERE rowid IN (SELECT rowid FROM schedule_run WHERE slot_at < ? AND status = 'FIRED' ORDER BY slot_at LIMIT ?)`;

/** After every slot that there can be. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER;

/** Schedules in SQLite. */
export class SqliteSchedules implements ScheduleStore {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;
  readonly #tables: SqliteScheduleTables;

  constructor(tx: SqliteTransaction, group: GroupCommit) {
    this.#tx = tx;
    this.#group = group;
    this.#tables = new SqliteScheduleTables(tx);
  }

  createSchedule(request: CreateSchedule): Promise<ScheduleOutcome> {
    return this.#group.run(() => createSchedule(this.#tables, request));
  }

  commandSchedule(
    key: ScheduleKey,
    command: ScheduleCommand,
    request: CreateTasks['request'],
  ): Promise<ScheduleOutcome> {
    return this.#group.run(() => commandSchedule(this.#tables, key, command, request));
  }

  fireSchedules(limit: number): Promise<ScheduleTurn> {
    return this.#group.run(() => fireSchedules(this.#tables, limit));
  }

  async getSchedule({ namespace, id }: ScheduleKey): Promise<Schedule | null> {
    const row = this.#tx.db.get<ScheduleRow>(GET, namespace, id);
    return row ? toSchedule(row) : null;
  }

  async listSchedules(query: {
    readonly namespace: string;
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Schedule[]> {
    return this.#tx.db.all<ScheduleRow>(LIST, query.namespace, query.afterId ?? '', query.limit).map(toSchedule);
  }

  async listScheduleRuns(query: {
    readonly schedule: ScheduleKey;
    readonly after?: { readonly slotAt: Date; readonly taskId: string };
    readonly limit: number;
  }): Promise<readonly ScheduleRun[]> {
    const { schedule, after, limit } = query;
    const before = [after?.slotAt.getTime() ?? END_OF_TIME, after?.taskId ?? ''] as const;
    const rows = this.#tx.db.all<ScheduleRunRow>(LIST_RUNS, schedule.namespace, schedule.id, ...before, limit);
    return rows.map(toScheduleRun);
  }

  purgeSchedules(before: Date, limit: number): Promise<number> {
    return this.#group.run(() => {
      this.#tx.db.run(PURGE_DELETED, before.getTime());
      return this.#tx.db.run(PURGE_RUNS, before.getTime(), limit);
    });
  }
}
