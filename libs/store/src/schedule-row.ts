import type { RunCause, Schedule, ScheduleDefinition, ScheduleRun } from '@orrery/core';
import { readTaggedJson, writeTaggedJson } from './tagged-json.ts';

/** A row of `schedule` as every dialect's statements give it: instants in ms since 1970. */
export interface ScheduleRow {
  readonly namespace: string;
  readonly id: string;
  readonly definition: string;
  readonly paused: boolean | number;
  readonly next_run_at: number | null;
  readonly active_task_id: string;
  readonly queued_count: number;
  readonly last_run_at: number | null;
  readonly last_task_id: string;
  readonly fired_count: number | bigint;
  readonly skipped_count: number | bigint;
  readonly created_at: number;
  readonly updated_at: number;
  readonly deleted_at: number | null;
  readonly revision: number;
}

/** A row of `schedule_run`, likewise. */
export interface ScheduleRunRow {
  readonly slot_at: number;
  readonly task_id: string;
  readonly cause: string;
  readonly status: string;
  readonly at: number;
}

/** The schedule that a row tells of. */
export function toSchedule(row: ScheduleRow): Schedule {
  return {
    ...(readTaggedJson(row.definition) as ScheduleDefinition),
    namespace: row.namespace,
    id: row.id,
    paused: Boolean(row.paused),
    nextRunAt: instant(row.next_run_at),
    activeTaskId: row.active_task_id,
    queuedCount: row.queued_count,
    lastRunAt: instant(row.last_run_at),
    lastTaskId: row.last_task_id,
    firedCount: Number(row.fired_count),
    skippedCount: Number(row.skipped_count),
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
    deletedAt: instant(row.deleted_at),
    revision: row.revision,
  };
}

/** The column `definition`. */
export function writeDefinition(schedule: ScheduleDefinition): string {
  const { task, timing, startAt, endAt, jitter, overlap, catchUp } = schedule;
  return writeTaggedJson({ task, timing, startAt, endAt, jitter, overlap, catchUp });
}

/** The run that a row tells of. */
export function toScheduleRun(row: ScheduleRunRow): ScheduleRun {
  return {
    slotAt: new Date(row.slot_at),
    taskId: row.task_id,
    cause: row.cause as RunCause,
    status: row.status as ScheduleRun['status'],
    at: new Date(row.at),
  };
}

function instant(millis: number | null): Date | null {
  return millis === null ? null : new Date(millis);
}
