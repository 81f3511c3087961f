import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Schedules, deleted ones for a while too. */
export function scheduleEntity(dialect: Dialect) {
  const { name, instant, text, integer, count, flag } = columns(dialect);
  return defineEntity({
    name: 'Schedule',
    tableName: 'schedule',
    properties: {
      namespace: name().primary(),
      id: name().primary(),
      /** What people decide about it; see schedule-row.ts. */
      definition: text(),
      paused: flag(),
      nextRunAt: instant().nullable(),
      /** Whether something is to be done when the active task has ended. */
      waits: flag(),
      activeTaskId: name(),
      queuedCount: integer(),
      lastRunAt: instant().nullable(),
      lastTaskId: text(),
      firedCount: count(),
      skippedCount: count(),
      createdAt: instant(),
      updatedAt: instant(),
      deletedAt: instant().nullable(),
      revision: integer(),
    },
    indexes: [
      { name: 'schedule_due', properties: ['nextRunAt'], where: 'not paused' },
      { name: 'schedule_waiting', properties: ['namespace', 'activeTaskId'], where: 'waits and not paused' },
    ],
  });
}

/** Slots whose task was made, or will be when those before it have ended. */
export function scheduleRunEntity(dialect: Dialect) {
  const { name, instant, text } = columns(dialect);
  return defineEntity({
    name: 'ScheduleRun',
    tableName: 'schedule_run',
    properties: {
      namespace: name().primary(),
      scheduleId: name().primary(),
      taskId: name().primary(),
      slotAt: instant(),
      cause: text(),
      status: text(),
      at: instant(),
    },
    indexes: [
      { name: 'schedule_run_slot', properties: ['namespace', 'scheduleId', 'slotAt', 'taskId'] },
      { name: 'schedule_run_age', properties: ['slotAt'] },
    ],
  });
}
