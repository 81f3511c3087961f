import type { Duration } from '@orrery/duration';
import type { TaskSpec } from './task.ts';

/** When a schedule's tasks are due. */
export type ScheduleTiming =
  /** At the times that a cron expression names, by the clocks of a time zone. */
  | { readonly kind: 'CRON'; readonly expression: string; readonly timeZone: string }
  /** At once, and then each time this long after the task before has ended. */
  | { readonly kind: 'FIXED_DELAY'; readonly every: Duration }
  /** At this time, and whole intervals before and after it. */
  | { readonly kind: 'FIXED_GRID'; readonly every: Duration; readonly anchor: Date }
  /** Once. */
  | { readonly kind: 'ONCE'; readonly at: Date };

/** What becomes of a slot that falls due while the task of an earlier one has not ended. */
export const OVERLAP_POLICIES = ['SKIP', 'QUEUE', 'CANCEL_OTHER', 'ALLOW'] as const;

/** What becomes of a slot that falls due while the task of an earlier one has not ended. */
export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];

/** How many missed slots are made up unless a schedule says otherwise. */
export const DEFAULT_CATCH_UP = 50;

/** Names a schedule. */
export interface ScheduleKey {
  readonly namespace: string;
  readonly id: string;
}

/** What the tasks of a schedule are like. */
export type ScheduledTask = Omit<
  TaskSpec,
  'namespace' | 'id' | 'scheduleId' | 'traceparent' | 'parentTaskId' | 'dedupKey' | 'typeVersion'
>;

/** What people decide about a schedule. */
export interface ScheduleDefinition {
  readonly task: ScheduledTask;
  readonly timing: ScheduleTiming;
  /** No slot before this; null: from its creation. */
  readonly startAt: Date | null;
  /** No slot at or after this; null: without end. */
  readonly endAt: Date | null;
  /** The task of a slot may run up to this long after it; how long depends on its id. Null: at once. */
  readonly jitter: Duration | null;
  readonly overlap: OverlapPolicy;
  /** How many of the slots that were missed for longer than a minute are made up, the newest ones; 0: none. */
  readonly catchUp: number;
}

/** Something that makes tasks when their time has come. */
export interface Schedule extends ScheduleKey, ScheduleDefinition {
  readonly paused: boolean;
  /** The next slot; null: there is none, or it depends on when a task ends. While paused, what it was. */
  readonly nextRunAt: Date | null;
  /** The task that has to end before others begin, as far as was looked; empty: there is none. */
  readonly activeTaskId: string;
  /** Runs that wait for the one before to end. */
  readonly queuedCount: number;
  /** The slot that was fired last. */
  readonly lastRunAt: Date | null;
  readonly lastTaskId: string;
  /** Tasks made. */
  readonly firedCount: number;
  /** Slots left out: missed beyond the catch-up, or overlapping. */
  readonly skippedCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** A deleted schedule stays on record for a while, so that one of the same id goes on counting its events. */
  readonly deletedAt: Date | null;
  /** Rises by one with each event; the sequence of the last one. */
  readonly revision: number;
}

/** Why a task was made: its slot came, was made up later, was asked for with others of the past, or somebody asked for one now. */
export const RUN_CAUSES = ['SLOT', 'CATCH_UP', 'BACKFILL', 'TRIGGER'] as const;

/** Why a task was made. */
export type RunCause = (typeof RUN_CAUSES)[number];

/** A slot whose task was made, or will be when those before it have ended. */
export interface ScheduleRun {
  readonly slotAt: Date;
  readonly taskId: string;
  readonly cause: RunCause;
  readonly status: 'QUEUED' | 'FIRED';
  /** When it came to be so. */
  readonly at: Date;
}

/** Where a schedule is in its life: ENDED when nothing will come of it any more unless somebody asks. */
export function scheduleState(schedule: Schedule): 'ACTIVE' | 'PAUSED' | 'ENDED' {
  if (schedule.paused) return 'PAUSED';
  return schedule.nextRunAt || waitsForEnd(schedule) ? 'ACTIVE' : 'ENDED';
}

/** Whether something is to be done when the active task ends, or as soon as there is none. */
export function waitsForEnd(schedule: Schedule): boolean {
  if (schedule.queuedCount > 0) return true;
  return schedule.timing.kind === 'FIXED_DELAY' && schedule.activeTaskId !== '' && schedule.nextRunAt === null;
}

/** The id of the task of a slot: the same whoever fires it, so that it is made once. */
export function slotTaskId(scheduleId: string, slotAt: Date): string {
  return `${scheduleId}/${slotAt.toISOString()}`;
}
