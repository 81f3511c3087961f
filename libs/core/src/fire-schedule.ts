import { Duration } from '@orrery/duration';
import { type ScheduleChange, ScheduleDraft } from './schedule-draft.ts';
import { dueSlots } from './schedule-slots.ts';
import type { Schedule, ScheduleRun } from './schedule.ts';

/** What has to be known of a schedule's runs to decide what becomes of it. */
export interface ScheduleContext {
  /** The task that has to end first: there is none, it has not ended, or it has, at a time unless it was forgotten since. */
  readonly active: 'NONE' | 'LIVE' | { readonly endedAt: Date | null };
  /** The run that has waited longest; null: none waits. */
  readonly queued: ScheduleRun | null;
}

/** A slot that is later than this was missed; a scheduler that took over from another within it made it up in time. */
const ON_TIME = Duration.ofSeconds(60);

/** How many slots can be on time at once: an interval is a second at least. */
const MOST_ON_TIME = 61;

/**
 * What becomes of a schedule whose time has come, or whose task has ended: tasks are made for the slots that are due, as its
 * catch-up and overlap policy say, and its next slot is set. Null: nothing is to be done.
 */
export function fireSchedule(schedule: Schedule, context: ScheduleContext, now: Date): ScheduleChange | null {
  if (schedule.paused || schedule.deletedAt) return null;
  const draft = new ScheduleDraft(schedule, now);
  noteEnd(draft, context, now);
  startQueued(draft, context);
  fireDue(draft, now);
  return draft.change();
}

/** Takes note that the active task has ended; a fixed delay counts from there. */
export function noteEnd(draft: ScheduleDraft, { active }: ScheduleContext, now: Date): void {
  if (active === 'LIVE' || draft.schedule.activeTaskId === '') return;
  draft.set({ activeTaskId: '' });
  const { timing, nextRunAt, endAt } = draft.schedule;
  if (timing.kind !== 'FIXED_DELAY' || nextRunAt) return;
  const endedAt = active === 'NONE' ? null : active.endedAt;
  const next = timing.every.addTo(endedAt ?? now);
  if (!endAt || next < endAt) draft.set({ nextRunAt: next });
}

/** Begins the run that has waited longest if none is under way. */
export function startQueued(draft: ScheduleDraft, { queued }: ScheduleContext): void {
  if (queued && (draft.schedule.activeTaskId === '' || draft.schedule.overlap === 'ALLOW')) draft.start(queued);
}

function fireDue(draft: ScheduleDraft, now: Date): void {
  const { schedule } = draft;
  if (!schedule.nextRunAt || schedule.nextRunAt > now) return;
  const due = dueSlots(schedule, schedule.nextRunAt, now, schedule.catchUp + MOST_ON_TIME);
  const { slots } = due;
  draft.set({ nextRunAt: due.next });
  const first = slots.findIndex((slot) => isOnTime(schedule, slot, now));
  const missed = first < 0 ? slots.length : first;
  const left = Math.max(0, missed - schedule.catchUp);
  draft.skip(due.passed + left, slots[left - 1] ?? due.newestPassed ?? now, 'MISSED');
  const causes = slots.map((slot, i) => ({ slot, cause: i < missed ? ('CATCH_UP' as const) : ('SLOT' as const) }));
  run(draft, causes.slice(left));
}

/** With a fixed delay, and where there is one slot only, it is never missed: it waits for whoever fires it. */
function isOnTime({ timing }: Schedule, slot: Date, now: Date): boolean {
  if (timing.kind === 'FIXED_DELAY' || timing.kind === 'ONCE') return true;
  return now.getTime() - slot.getTime() <= ON_TIME.toMillis();
}

function run(draft: ScheduleDraft, due: readonly { readonly slot: Date; readonly cause: 'SLOT' | 'CATCH_UP' }[]): void {
  const last = due.at(-1);
  if (!last) return;
  switch (draft.schedule.overlap) {
    case 'ALLOW':
      for (const { slot, cause } of due) draft.fire(slot, cause);
      return;
    case 'CANCEL_OTHER': {
      const overtaken = due.at(-2);
      if (overtaken) draft.skip(due.length - 1, overtaken.slot, 'OVERLAP');
      draft.cancelActive();
      draft.fire(last.slot, last.cause);
      return;
    }
    case 'SKIP': {
      const [first] = due;
      const fires = first && !draft.isBusy;
      if (fires) draft.fire(first.slot, first.cause);
      draft.skip(fires ? due.length - 1 : due.length, last.slot, 'OVERLAP');
      return;
    }
    case 'QUEUE':
      for (const { slot, cause } of due) {
        if (!draft.isBusy) draft.fire(slot, cause);
        else if (draft.canQueue) draft.queue(slot, cause);
        else draft.skip(1, slot, 'OVERLAP');
      }
  }
}
