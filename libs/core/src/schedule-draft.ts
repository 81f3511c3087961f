import {
  type ScheduleEvent,
  type ScheduleEventFacts,
  type ScheduleEventKind,
  scheduleEventOf,
} from './schedule-event.ts';
import { type RunCause, type Schedule, type ScheduleRun, slotTaskId } from './schedule.ts';
import type { NewTask } from './task-store.ts';

/** What is to be written at once when a schedule changes. */
export interface ScheduleChange {
  readonly schedule: Schedule;
  /** Whether people changed what they decide about it, so that it has to be written too. */
  readonly redefined: boolean;
  /** Tasks to be made, unless there is one of the same id already. */
  readonly tasks: readonly NewTask[];
  /** Runs that are new, or have another status now. */
  readonly runs: readonly ScheduleRun[];
  /** The task to be cancelled; empty: none. */
  readonly cancelTaskId: string;
  readonly events: readonly ScheduleEvent[];
}

/** How many runs of one schedule wait at most; further slots are left out. */
const MAX_QUEUED = 1000;

/** Gathers what becomes of a schedule in one change. */
export class ScheduleDraft {
  schedule: Schedule;
  readonly #before: Schedule;
  readonly #now: Date;
  readonly #tasks: NewTask[] = [];
  /** By task id: a run that is set waiting and begins in one change is told of once. */
  readonly #runs = new Map<string, ScheduleRun>();
  readonly #events: ScheduleEvent[] = [];
  #cancelTaskId = '';

  constructor(schedule: Schedule, now: Date) {
    this.schedule = schedule;
    this.#before = schedule;
    this.#now = now;
  }

  /** Whether a run is under way, or waits. */
  get isBusy(): boolean {
    return this.schedule.activeTaskId !== '' || this.schedule.queuedCount > 0;
  }

  /** Whether another run can wait. */
  get canQueue(): boolean {
    return this.schedule.queuedCount < MAX_QUEUED;
  }

  /** Changes some fields, without an event. */
  set(fields: Partial<Schedule>): void {
    this.schedule = { ...this.schedule, ...fields };
  }

  /** Adds an event. */
  tell(kind: ScheduleEventKind, facts: Partial<ScheduleEventFacts> = {}): void {
    this.set({ revision: this.schedule.revision + 1 });
    this.#events.push(scheduleEventOf(this.schedule, kind, this.#now, facts));
  }

  /** Makes the task of a slot. */
  fire(slotAt: Date, cause: RunCause, taskId = slotTaskId(this.schedule.id, slotAt)): void {
    const { timing, overlap, firedCount } = this.schedule;
    this.#tasks.push(this.#newTask(slotAt, taskId));
    this.#runs.set(taskId, { slotAt, taskId, cause, status: 'FIRED', at: this.#now });
    const waits = timing.kind === 'FIXED_DELAY';
    this.set({
      lastRunAt: slotAt,
      lastTaskId: taskId,
      firedCount: firedCount + 1,
      ...((waits || overlap !== 'ALLOW') && { activeTaskId: taskId }),
      ...(waits && { nextRunAt: null }),
    });
    this.tell('fired', { slotAt, taskId, cause });
  }

  /** Lets a slot wait until those before it have ended. */
  queue(slotAt: Date, cause: RunCause, taskId = slotTaskId(this.schedule.id, slotAt)): void {
    this.#runs.set(taskId, { slotAt, taskId, cause, status: 'QUEUED', at: this.#now });
    this.set({ queuedCount: this.schedule.queuedCount + 1 });
    this.tell('queued', { slotAt, taskId, cause });
  }

  /** Makes the task of a run that waited. */
  start(run: ScheduleRun): void {
    this.set({ queuedCount: Math.max(0, this.schedule.queuedCount - 1) });
    this.fire(run.slotAt, run.cause, run.taskId);
  }

  /** Leaves slots out; `slotAt` is the newest. */
  skip(count: number, slotAt: Date, reason: 'OVERLAP' | 'MISSED'): void {
    if (count === 0) return;
    this.set({ skippedCount: this.schedule.skippedCount + count });
    this.tell('skipped', { count, slotAt, reason });
  }

  /** Cancels the task that is under way, if there is one. */
  cancelActive(): void {
    this.#cancelTaskId = this.schedule.activeTaskId;
    this.set({ activeTaskId: '' });
  }

  /** Everything that is to be written; null: nothing changed. */
  change(redefined = false): ScheduleChange | null {
    if (this.schedule === this.#before && !redefined) return null;
    return {
      schedule: { ...this.schedule, updatedAt: this.#now },
      redefined,
      tasks: this.#tasks,
      runs: [...this.#runs.values()],
      cancelTaskId: this.#cancelTaskId,
      events: this.#events,
    };
  }

  #newTask(slotAt: Date, id: string): NewTask {
    const { namespace, id: scheduleId, task, jitter } = this.schedule;
    const correlationId = task.correlationId || id;
    const nothing = { traceparent: '', parentTaskId: '', dedupKey: '', typeVersion: 0 };
    const spec = { ...task, namespace, id, scheduleId, correlationId, ...nothing };
    const due = jitter && new Date(slotAt.getTime() + Math.floor(shareOf(id) * jitter.toMillis()));
    return { spec, due, idIsCallers: false };
  }
}

/** A number from 0 (inclusive) to 1 (exclusive) that an id stands for: FNV-1a, whose low bits are mixed best. */
function shareOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x2c1b3c6d) >>> 0) / 2 ** 32;
}
