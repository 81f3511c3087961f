import { nextCronTime } from './cron.ts';
import type { ScheduleDefinition, ScheduleTiming } from './schedule.ts';

/** The first slot at or after an instant, within the schedule's bounds; null: there is none. A fixed delay is due then. */
export function slotFrom(definition: ScheduleDefinition, from: Date): Date | null {
  const { timing, startAt, endAt } = definition;
  const slot = firstFrom(timing, startAt && startAt > from ? startAt : from);
  return slot && (!endAt || slot < endAt) ? slot : null;
}

/** The first slot after another; null: there is none, or (fixed delay) it is known when the task has ended. */
export function slotAfter(definition: ScheduleDefinition, slot: Date): Date | null {
  const { kind } = definition.timing;
  if (kind === 'ONCE' || kind === 'FIXED_DELAY') return null;
  return slotFrom(definition, new Date(slot.getTime() + 1));
}

/** Slots that have come. */
export interface DueSlots {
  /** How many there were before these, too many to be made up, and the newest of them. */
  readonly passed: number;
  readonly newestPassed: Date | null;
  /** Oldest first. */
  readonly slots: readonly Date[];
  /** The slot after these; it has come too if there are too many to look at in one turn. */
  readonly next: Date | null;
}

/** How many slots one turn looks at beyond those to keep: cron takes some 0.1 ms for each. */
const SCAN = 200;

/** The slots from `first` up to now, but only the newest `keep`; the others are counted. */
export function dueSlots(definition: ScheduleDefinition, first: Date, now: Date, keep: number): DueSlots {
  const { start, passed, newestPassed } = leap(definition.timing, first, now, keep);
  const slots: Date[] = [];
  let next: Date | null = start;
  while (next && next <= now && slots.length < keep + SCAN) {
    slots.push(next);
    next = slotAfter(definition, next);
  }
  const surplus = Math.max(0, slots.length - keep);
  const counted = { passed: passed + surplus, newestPassed: slots[surplus - 1] ?? newestPassed };
  // Not at the end: what is to be kept is still to come, so the newest of these are looked at again.
  if (next && next <= now) return { ...counted, slots: [], next: slots[surplus] ?? next };
  return { ...counted, slots: slots.slice(surplus), next };
}

function firstFrom(timing: ScheduleTiming, from: Date): Date | null {
  switch (timing.kind) {
    case 'CRON':
      return nextCronTime(timing.expression, timing.timeZone, new Date(from.getTime() - 1));
    case 'FIXED_GRID': {
      const every = timing.every.toMillis();
      const anchor = timing.anchor.getTime();
      return new Date(anchor + Math.ceil((from.getTime() - anchor) / every) * every);
    }
    case 'FIXED_DELAY':
      return from;
    case 'ONCE':
      return timing.at;
  }
}

/** On a grid the slots that are not to be kept need not be walked through. */
function leap(timing: ScheduleTiming, first: Date, now: Date, keep: number) {
  const none = { start: first, passed: 0, newestPassed: null };
  if (timing.kind !== 'FIXED_GRID') return none;
  const every = timing.every.toMillis();
  const passed = Math.floor((now.getTime() - first.getTime()) / every) + 1 - keep;
  if (passed <= 0) return none;
  const start = first.getTime() + passed * every;
  return { start: new Date(start), passed, newestPassed: new Date(start - every) };
}
