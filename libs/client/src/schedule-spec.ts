import { durationToProto, schedulev1 } from '@orrery/contracts';
import type { OverlapPolicy } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import type { CallOrigin } from '@orrery/rpc';
import { type NewTask, toTaskSpec } from './task-spec.ts';

/** What the tasks of a schedule are like; their ids and times are the schedule's business. */
export type ScheduledTaskOptions = Omit<NewTask, 'id' | 'runAt' | 'delay' | 'parentTaskId' | 'dedup' | 'typeVersion'>;

/** When the tasks of a schedule are due: exactly one of these. */
export type ScheduleTimes =
  /** At the times of a cron expression of five fields, or six with seconds first, by the clocks of a time zone; default "UTC". */
  | { readonly cron: string; readonly timeZone?: string }
  /** On a grid: every so often before and after `anchor`, by default the epoch. A number counts seconds. */
  | { readonly every: DurationInput; readonly anchor?: Date }
  /** At once, and then each time this long after the task before has ended. A number counts seconds. */
  | { readonly everyAfterCompletion: DurationInput }
  /** Once. */
  | { readonly at: Date };

/** What else is decided about a schedule. */
export interface ScheduleOptions {
  /** No slot before this. Default: from the creation on. */
  readonly startAt?: Date;
  /** No slot at or after this. Default: without end. */
  readonly endAt?: Date;
  /** Tasks may run up to this long after their slots. Default: none. */
  readonly jitter?: DurationInput;
  /** What becomes of a slot while the task of an earlier one has not ended. Default "SKIP". */
  readonly overlap?: OverlapPolicy;
  /** How many missed slots are made up, the newest ones. Default 50; 0: none. */
  readonly catchUp?: number;
}

/** A schedule to be created. */
export type NewSchedule = ScheduleTimes &
  ScheduleOptions & {
    /** An id of the caller's choice. Default: the server makes one. */
    readonly id?: string;
    readonly task: ScheduledTaskOptions;
    /** True: paused from the beginning. */
    readonly paused?: boolean;
  };

/** The timing stays as it is. */
interface SameTimes {
  readonly cron?: never;
  readonly every?: never;
  readonly everyAfterCompletion?: never;
  readonly at?: never;
}

/** What is to be changed about a schedule: a new timing, a new task as a whole, other options; null: back to the default. */
export type ScheduleChanges = (ScheduleTimes | SameTimes) & {
  readonly [K in keyof ScheduleOptions]?: ScheduleOptions[K] | null;
} & { readonly task?: ScheduledTaskOptions };

/** Any of what can be said of a schedule; the types above say what goes together. */
interface Wish extends Partial<{ readonly [K in keyof ScheduleOptions]: ScheduleOptions[K] | null }> {
  readonly cron?: string;
  readonly timeZone?: string;
  readonly every?: DurationInput;
  readonly anchor?: Date;
  readonly everyAfterCompletion?: DurationInput;
  readonly at?: Date;
  readonly task?: ScheduledTaskOptions;
}

/** What is decided about a schedule as it goes over the wire; throws PayloadError, RangeError or InvalidDurationError. */
export function toScheduleSpec(wish: Wish, origin: CallOrigin): schedulev1.ScheduleSpec {
  return {
    task: wish.task && toScheduledTask(wish.task, origin),
    timing: toTiming(wish),
    startTime: wish.startAt ?? undefined,
    endTime: wish.endAt ?? undefined,
    jitter: wish.jitter == null ? undefined : durationToProto(Duration.from(wish.jitter)),
    overlapPolicy: schedulev1.OverlapPolicy[wish.overlap ?? 'UNSPECIFIED'],
    catchUp: wish.catchUp ?? undefined,
  };
}

/** The mask of what is to be changed. */
export function toUpdateMask(wish: Wish, { timing }: schedulev1.ScheduleSpec): string[] {
  return [
    ...(wish.task ? ['task'] : []),
    ...(timing ? [timing.$case === 'etaTime' ? 'eta_time' : timing.$case] : []),
    ...(wish.startAt === undefined ? [] : ['start_time']),
    ...(wish.endAt === undefined ? [] : ['end_time']),
    ...(wish.jitter === undefined ? [] : ['jitter']),
    ...(wish.overlap === undefined ? [] : ['overlap_policy']),
    ...(wish.catchUp === undefined ? [] : ['catch_up']),
  ];
}

/** Whoever creates a schedule within a handler is not the parent of its tasks: they come for as long as the schedule is there. */
function toScheduledTask(task: ScheduledTaskOptions, origin: CallOrigin) {
  return { ...toTaskSpec(task, origin), correlationId: task.correlationId ?? '', parentTaskId: '' };
}

function toTiming(wish: Wish): schedulev1.ScheduleSpec['timing'] {
  const { cron, timeZone = '', every, anchor, everyAfterCompletion, at } = wish;
  const given = [cron, every, everyAfterCompletion, at].filter((each) => each !== undefined);
  if (given.length > 1) throw new RangeError('only one of cron, every, everyAfterCompletion and at may be given');
  if (timeZone !== '' && cron === undefined) throw new RangeError('timeZone goes with cron only');
  if (anchor && every === undefined) throw new RangeError('anchor goes with every only');
  if (cron !== undefined) return { $case: 'cron', value: { expression: cron, timeZone } };
  if (at) return { $case: 'etaTime', value: at };
  if (every !== undefined) return interval(every, schedulev1.IntervalMode.FIXED_GRID, anchor);
  if (everyAfterCompletion === undefined) return undefined;
  return interval(everyAfterCompletion, schedulev1.IntervalMode.FIXED_DELAY, undefined);
}

function interval(every: DurationInput, mode: schedulev1.IntervalMode, anchorTime: Date | undefined) {
  return { $case: 'interval', value: { every: durationToProto(Duration.from(every)), mode, anchorTime } } as const;
}
