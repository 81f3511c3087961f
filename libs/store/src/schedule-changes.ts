import * as decisions from '@orrery/core';
import { scheduleAlreadyExists, scheduleNotFound, waitsForEnd } from '@orrery/core';
import type {
  CreateSchedule,
  CreateTasks,
  Schedule,
  ScheduleChange,
  ScheduleCommand,
  ScheduleContext,
  ScheduleKey,
  ScheduleOutcome,
  ScheduleRun,
  ScheduleTurn,
  TaskKey,
} from '@orrery/core';
import { Duration } from '@orrery/duration';

type Request = NonNullable<CreateTasks['request']>;

/** Schedules, their runs and their tasks, within one transaction, as stores have them that answer at once. */
export interface ScheduleTables {
  readonly now: Date;
  /** One schedule, also a deleted one. */
  find(key: ScheduleKey): Schedule | null;
  /** Schedules of which something may become now: those that are due, and those whose active task has ended. */
  due(limit: number): readonly Schedule[];
  /** The next slot of all. */
  nextRunAt(): Date | null;
  /** What is known of its runs. */
  contextOf(schedule: Schedule): ScheduleContext;
  /** Its runs with a slot in a range. */
  runsWithin(schedule: Schedule, from: Date, before: Date): readonly ScheduleRun[];
  /** Its runs among these tasks. */
  runsOf(key: ScheduleKey, taskIds: readonly string[]): readonly ScheduleRun[];
  /** What the request id was used for; null: it was not. Throws a `Refusal` if it was used with another body. */
  usedRequest(namespace: string, request: Request): readonly string[] | null;
  keepRequest(namespace: string, request: Request, ids: readonly string[]): void;
  /** Writes everything of a change. */
  write(change: ScheduleChange): void;
}

/** Stores a new schedule. */
export function createSchedule(tables: ScheduleTables, create: CreateSchedule): ScheduleOutcome {
  const { namespace, id, definition, paused, request } = create;
  const used = request && tables.usedRequest(namespace, request);
  if (used) return { schedule: require(tables, { namespace, id: used[0] ?? id }), ...REPEATED };
  const before = tables.find(create);
  if (before && !before.deletedAt) throw scheduleAlreadyExists(namespace, id);
  const options = { paused, ...(before && { revision: before.revision }) };
  const change = decisions.newSchedule({ namespace, id }, definition, options, tables.now);
  tables.write(change);
  if (request) tables.keepRequest(namespace, request, [id]);
  return outcomeOf(change);
}

/** Does what people ask of a schedule. */
export function commandSchedule(
  tables: ScheduleTables,
  key: ScheduleKey,
  command: ScheduleCommand,
  request: Request | null,
): ScheduleOutcome {
  const used = request && tables.usedRequest(key.namespace, request);
  const schedule = require(tables, key);
  if (used) return { schedule, ...REPEATED, runs: tables.runsOf(key, used) };
  const runs = command.do === 'BACKFILL' ? tables.runsWithin(schedule, command.from, command.before) : [];
  const context = { ...tables.contextOf(schedule), takenTaskIds: new Set(runs.map(({ taskId }) => taskId)) };
  const change = decisions.commandSchedule(schedule, command, context, tables.now);
  if (change) tables.write(change);
  const outcome = change ? outcomeOf(change) : { schedule, ...REPEATED, deduplicated: false };
  if (request)
    tables.keepRequest(
      key.namespace,
      request,
      outcome.runs.map(({ taskId }) => taskId),
    );
  return outcome;
}

/** Does what is due. */
export function fireSchedules(tables: ScheduleTables, limit: number): ScheduleTurn {
  const changes = tables.due(limit).flatMap((schedule) => {
    const change = decisions.fireSchedule(schedule, tables.contextOf(schedule), tables.now);
    if (change) tables.write(change);
    return change ? [change] : [];
  });
  return turnOf(changes, tables.nextRunAt(), tables.now);
}

const REPEATED = { runs: [], cancelled: null, deduplicated: true };

/** What came of one change. */
export function outcomeOf(change: ScheduleChange): ScheduleOutcome {
  return { schedule: change.schedule, runs: change.runs, cancelled: cancelledBy(change), deduplicated: false };
}

/** What came of the changes of one turn. */
export function turnOf(changes: readonly ScheduleChange[], nextRunAt: Date | null, now: Date): ScheduleTurn {
  const specs = changes.flatMap(({ tasks }) => tasks.map(({ spec }) => spec));
  const queues = new Map(specs.map(({ namespace, queue }) => [`${namespace}\0${queue}`, { namespace, queue }]));
  return {
    count: changes.length,
    queues: [...queues.values()],
    cancelled: changes.map(cancelledBy).filter((key) => key !== null),
    nextDueIn: nextRunAt && Duration.ofMillis(Math.max(0, nextRunAt.getTime() - now.getTime())),
  };
}

/** Whether something may become of a schedule now; whether its task has ended has to be asked. */
export function mayFire(schedule: Schedule, now: Date, hasEnded: (task: TaskKey) => boolean): boolean {
  if (schedule.paused || schedule.deletedAt) return false;
  if (schedule.nextRunAt && schedule.nextRunAt <= now) return true;
  return waitsForEnd(schedule) && hasEnded({ namespace: schedule.namespace, id: schedule.activeTaskId });
}

function cancelledBy({ schedule, cancelTaskId: id }: ScheduleChange): TaskKey | null {
  return id === '' ? null : { namespace: schedule.namespace, id };
}

function require(tables: ScheduleTables, key: ScheduleKey): Schedule {
  const schedule = tables.find(key);
  if (!schedule || schedule.deletedAt) throw scheduleNotFound(key.namespace, key.id);
  return schedule;
}
