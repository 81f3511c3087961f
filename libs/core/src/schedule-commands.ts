import { noteEnd, type ScheduleContext, startQueued } from './fire-schedule.ts';
import { invalidFields, scheduleBusy } from './refusal.ts';
import { type ScheduleChange, ScheduleDraft } from './schedule-draft.ts';
import { slotAfter, slotFrom } from './schedule-slots.ts';
import { type Schedule, type ScheduleDefinition, type ScheduleKey, slotTaskId } from './schedule.ts';

/** What people ask of a schedule. */
export type ScheduleCommand =
  | { readonly do: 'UPDATE'; readonly changes: Partial<ScheduleDefinition> }
  | { readonly do: 'PAUSE' }
  | { readonly do: 'RESUME' }
  | { readonly do: 'DELETE' }
  /** A run now, beside the slots; `taskId` is the id of its task. */
  | { readonly do: 'TRIGGER'; readonly taskId: string }
  /** The slots from `from` until before `before` that were not fired. */
  | { readonly do: 'BACKFILL'; readonly from: Date; readonly before: Date };

/** What has to be known to do what people ask. */
export interface CommandContext extends ScheduleContext {
  /** With BACKFILL: the ids of tasks that slots of its range have already. */
  readonly takenTaskIds: ReadonlySet<string>;
}

/** How many slots one backfill takes at most. */
export const MAX_BACKFILL = 1000;

/** A new schedule; one that was deleted under the same id goes on counting its events. */
export function newSchedule(
  key: ScheduleKey,
  definition: ScheduleDefinition,
  options: { readonly paused: boolean; readonly revision?: number },
  now: Date,
): ScheduleChange {
  const schedule: Schedule = {
    ...definition,
    namespace: key.namespace,
    id: key.id,
    paused: options.paused,
    nextRunAt: slotFrom(definition, now),
    activeTaskId: '',
    queuedCount: 0,
    lastRunAt: null,
    lastTaskId: '',
    firedCount: 0,
    skippedCount: 0,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
    revision: options.revision ?? 0,
  };
  const draft = new ScheduleDraft(schedule, now);
  draft.tell('created');
  return changeOf(draft);
}

/** What becomes of a schedule when somebody asks for something. Null: it is so already. Throws a `Refusal`. */
export function commandSchedule(
  schedule: Schedule,
  command: ScheduleCommand,
  context: CommandContext,
  now: Date,
): ScheduleChange | null {
  const draft = new ScheduleDraft(schedule, now);
  switch (command.do) {
    case 'UPDATE':
      update(draft, command.changes, now);
      draft.tell('updated');
      return draft.change(true);
    case 'PAUSE':
      if (schedule.paused) return null;
      draft.set({ paused: true });
      draft.tell('paused');
      return draft.change();
    case 'RESUME':
      if (!schedule.paused) return null;
      draft.set({ paused: false, nextRunAt: nextAfterPause(schedule, now) });
      draft.tell('resumed');
      return draft.change();
    case 'DELETE':
      draft.set({ deletedAt: now, nextRunAt: null, activeTaskId: '', queuedCount: 0 });
      draft.tell('deleted');
      return draft.change();
    case 'TRIGGER':
      noteEnd(draft, context, now);
      trigger(draft, command.taskId, now);
      return draft.change();
    case 'BACKFILL':
      noteEnd(draft, context, now);
      backfill(draft, command, context, now);
      return draft.change();
  }
}

function changeOf(draft: ScheduleDraft): ScheduleChange {
  const change = draft.change(true);
  if (!change) throw new Error('a draft that redefines is a change');
  return change;
}

/** Where neither the timing nor its bounds change, the next slot stays, also one that is due. */
function update(draft: ScheduleDraft, changes: Partial<ScheduleDefinition>, now: Date): void {
  const before = draft.schedule;
  draft.set(changes);
  const { overlap, lastTaskId } = draft.schedule;
  if (overlap === 'ALLOW' && draft.schedule.timing.kind !== 'FIXED_DELAY') draft.set({ activeTaskId: '' });
  // Who allows overlaps does not follow its tasks; from now on the last one counts, if it has not ended.
  else if (before.activeTaskId === '' && changes.overlap) draft.set({ activeTaskId: lastTaskId });
  if (changes.timing || 'startAt' in changes || 'endAt' in changes)
    draft.set({ nextRunAt: nextAfterUpdate(before, draft.schedule, now) });
}

function nextAfterUpdate(before: Schedule, after: Schedule, now: Date): Date | null {
  if (after.timing.kind !== 'FIXED_DELAY') return slotFrom(after, afterLast(before, now));
  if (after.activeTaskId !== '') return null;
  if (before.timing.kind !== 'FIXED_DELAY' || !before.nextRunAt || before.firedCount === 0) return slotFrom(after, now);
  // One interval after the end of the last task, as before, but the new interval.
  const longer = after.timing.every.toMillis() - before.timing.every.toMillis();
  return slotFrom(after, new Date(before.nextRunAt.getTime() + longer));
}

/** Slots that came while it was paused are not made up; a fixed delay or a time that has passed is due now. */
function nextAfterPause(schedule: Schedule, now: Date): Date | null {
  const { nextRunAt, timing } = schedule;
  if (!nextRunAt || nextRunAt > now || timing.kind === 'ONCE' || timing.kind === 'FIXED_DELAY') return nextRunAt;
  return slotFrom(schedule, afterLast(schedule, now));
}

/** From now on, but not the slot again that was just fired. */
function afterLast({ lastRunAt }: Schedule, now: Date): Date {
  return lastRunAt && lastRunAt >= now ? new Date(lastRunAt.getTime() + 1) : now;
}

function trigger(draft: ScheduleDraft, taskId: string, now: Date): void {
  const { overlap, id, activeTaskId, lastTaskId } = draft.schedule;
  if (overlap === 'SKIP' && draft.isBusy) throw scheduleBusy(id, activeTaskId || lastTaskId);
  draft.tell('triggered', { taskId });
  if (overlap === 'QUEUE' && draft.isBusy) {
    draft.queue(now, 'TRIGGER', taskId);
    return;
  }
  if (overlap === 'CANCEL_OTHER') draft.cancelActive();
  draft.fire(now, 'TRIGGER', taskId);
}

/** One after the other, before what falls due meanwhile; side by side only where overlaps are allowed. */
function backfill(
  draft: ScheduleDraft,
  { from, before }: ScheduleCommand & { readonly do: 'BACKFILL' },
  context: CommandContext,
  now: Date,
): void {
  const { schedule } = draft;
  const slots = slotsWithin(schedule, from, earliest(before, upcoming(schedule, now)));
  const missing = slots.filter((slot) => !context.takenTaskIds.has(slotTaskId(schedule.id, slot)));
  draft.tell('backfilled', { count: missing.length });
  for (const slot of missing)
    if (schedule.overlap === 'ALLOW') draft.fire(slot, 'BACKFILL');
    else draft.queue(slot, 'BACKFILL');
  const [first] = missing;
  if (!first || schedule.overlap === 'ALLOW' || context.queued) return;
  const run = { slotAt: first, taskId: slotTaskId(schedule.id, first), cause: 'BACKFILL', status: 'QUEUED' } as const;
  if (!schedule.paused) startQueued(draft, { active: 'NONE', queued: { ...run, at: first } });
}

/** From here on slots come by themselves. */
function upcoming({ paused, nextRunAt }: Schedule, now: Date): Date {
  return paused || !nextRunAt ? now : earliest(now, nextRunAt);
}

function earliest(a: Date, b: Date): Date {
  return a < b ? a : b;
}

function slotsWithin(schedule: Schedule, from: Date, before: Date): readonly Date[] {
  const field = (description: string) => invalidFields([{ field: 'before_time', description }]);
  const { kind } = schedule.timing;
  if (kind === 'FIXED_DELAY' || kind === 'ONCE')
    throw invalidFields([{ field: 'schedule_id', description: 'names a schedule without slots in the past' }]);
  const slots: Date[] = [];
  const unbounded = { ...schedule, startAt: null, endAt: null };
  let slot = slotFrom(unbounded, from);
  while (slot && slot < before) {
    if (slots.length === MAX_BACKFILL) throw field(`is so late that there are more than ${MAX_BACKFILL} slots`);
    slots.push(slot);
    slot = slotAfter(unbounded, slot);
  }
  if (slots.length === 0) throw field('leaves no slot in the range');
  return slots;
}
