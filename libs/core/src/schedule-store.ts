import type { Duration } from '@orrery/duration';
import type { ScheduleCommand } from './schedule-commands.ts';
import type { Schedule, ScheduleDefinition, ScheduleKey, ScheduleRun } from './schedule.ts';
import type { CreateTasks } from './task-store.ts';
import type { TaskKey } from './task.ts';

/**
 * Where schedules are kept. Each change is one transaction under the schedule's lock: what is decided there (`fireSchedule`,
 * `commandSchedule`), the tasks that are made, and all events are written together or not at all. So each slot makes one task,
 * however many processes look. Whether a slot is due is decided by the store's own clock.
 */
export interface ScheduleStore {
  /** Stores a new schedule. A repeated request id returns what its first use created. */
  createSchedule(request: CreateSchedule): Promise<ScheduleOutcome>;

  /** Does what people ask of a schedule. Throws a `Refusal` if there is none, or it cannot be done. */
  commandSchedule(
    key: ScheduleKey,
    command: ScheduleCommand,
    request: CreateTasks['request'],
  ): Promise<ScheduleOutcome>;

  /** Does what is due, for at most so many schedules. */
  fireSchedules(limit: number): Promise<ScheduleTurn>;

  /** One schedule; null: there is none. */
  getSchedule(key: ScheduleKey): Promise<Schedule | null>;

  /** A page of schedules by id, ascending. */
  listSchedules(query: {
    readonly namespace: string;
    /** Only ids after this one. */
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Schedule[]>;

  /** A page of a schedule's runs, the newest slot first; ties by task id, descending. */
  listScheduleRuns(query: {
    readonly schedule: ScheduleKey;
    /** Only runs that come after this one. */
    readonly after?: { readonly slotAt: Date; readonly taskId: string };
    readonly limit: number;
  }): Promise<readonly ScheduleRun[]>;

  /** Forgets fired runs whose slot was before a time, and schedules deleted before it; returns how many runs. */
  purgeSchedules(before: Date, limit: number): Promise<number>;
}

/** A schedule to create. */
export interface CreateSchedule extends ScheduleKey {
  readonly definition: ScheduleDefinition;
  readonly paused: boolean;
  /** Makes the call idempotent; null: it is not. */
  readonly request: CreateTasks['request'];
}

/** What came of a change. */
export interface ScheduleOutcome {
  readonly schedule: Schedule;
  /** Runs that were made or set waiting. */
  readonly runs: readonly ScheduleRun[];
  /** The task that was cancelled, if one was. */
  readonly cancelled: TaskKey | null;
  /** True if an earlier call with the same request id had done it. */
  readonly deduplicated: boolean;
}

/** What one turn of firing did. */
export interface ScheduleTurn {
  /** How many schedules were changed. */
  readonly count: number;
  /** Queues that have new work. */
  readonly queues: readonly { readonly namespace: string; readonly queue: string }[];
  /** Tasks that were cancelled so that others can run. */
  readonly cancelled: readonly TaskKey[];
  /** When the next slot comes; null: none is known. By the store's clock, from now. */
  readonly nextDueIn: Duration | null;
}
