import type { RunCause, Schedule } from './schedule.ts';

/** What happened to a schedule. */
export const SCHEDULE_EVENT_KINDS = [
  'created',
  'updated',
  'paused',
  'resumed',
  'triggered',
  'backfilled',
  'queued',
  'fired',
  'skipped',
  'deleted',
] as const;

/** What happened to a schedule. */
export type ScheduleEventKind = (typeof SCHEDULE_EVENT_KINDS)[number];

/** Why slots were left out: an earlier task had not ended, or they were missed beyond the catch-up. */
export type SkipReason = 'OVERLAP' | 'MISSED';

/** What an event of a schedule tells beyond its kind. */
export interface ScheduleEventFacts {
  /** With queued, fired and skipped: the slot; the newest of several. */
  readonly slotAt: Date | null;
  /** With queued and fired: the task's id. */
  readonly taskId: string;
  /** With queued and fired. */
  readonly cause: RunCause | null;
  /** With skipped and backfilled: how many slots. */
  readonly count: number;
  /** With skipped. */
  readonly reason: SkipReason | null;
}

/** A fact about a schedule, written in the same transaction as the change it tells of. */
export interface ScheduleEvent extends ScheduleEventFacts {
  readonly noun: 'schedule';
  readonly kind: ScheduleEventKind;
  readonly namespace: string;
  readonly scheduleId: string;
  /** Counts the schedule's events: 1 for its creation, then without a gap. */
  readonly sequence: number;
  readonly at: Date;
}

const NO_FACTS: ScheduleEventFacts = { slotAt: null, taskId: '', cause: null, count: 0, reason: null };

/** The event that tells of a schedule's latest change. */
export function scheduleEventOf(
  schedule: Schedule,
  kind: ScheduleEventKind,
  at: Date,
  facts: Partial<ScheduleEventFacts> = {},
): ScheduleEvent {
  const { namespace, id: scheduleId, revision: sequence } = schedule;
  return { noun: 'schedule', kind, namespace, scheduleId, sequence, at, ...NO_FACTS, ...facts };
}
