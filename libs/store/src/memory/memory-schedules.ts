import { compareIds, isTerminal, newTask, requestIdReused } from '@orrery/core';
import * as commands from '@orrery/core';
import type {
  Clock,
  CreateSchedule,
  CreateTasks,
  OrreryEvent,
  Schedule,
  ScheduleChange,
  ScheduleCommand,
  ScheduleContext,
  ScheduleKey,
  ScheduleOutcome,
  ScheduleRun,
  ScheduleStore,
  ScheduleTurn,
  TaskKey,
} from '@orrery/core';
import { commandSchedule, createSchedule, fireSchedules, mayFire, type ScheduleTables } from '../schedule-changes.ts';
import { type UsedRequests, runAtOf } from './create-tasks.ts';
import type { MemoryEvents } from './memory-events.ts';
import type { TaskTable } from './task-table.ts';

type Request = NonNullable<CreateTasks['request']>;

/** Schedules in memory. Each method does its work without pause, so that none sees another's half done. */
export class MemorySchedules implements ScheduleStore, ScheduleTables {
  readonly #schedules = new Map<string, Schedule>();
  /** By schedule, then by task id. */
  readonly #runs = new Map<string, Map<string, ScheduleRun>>();
  readonly #tasks: TaskTable;
  readonly #requests: UsedRequests;
  readonly #log: MemoryEvents;
  readonly #clock: Clock;
  now = new Date(0);

  constructor(parts: {
    readonly tasks: TaskTable;
    readonly requests: UsedRequests;
    readonly log: MemoryEvents;
    readonly clock: Clock;
  }) {
    this.#tasks = parts.tasks;
    this.#requests = parts.requests;
    this.#log = parts.log;
    this.#clock = parts.clock;
  }

  async createSchedule(request: CreateSchedule): Promise<ScheduleOutcome> {
    return createSchedule(this.#begin(), request);
  }

  async commandSchedule(key: ScheduleKey, command: ScheduleCommand, request: Request | null): Promise<ScheduleOutcome> {
    return commandSchedule(this.#begin(), key, command, request);
  }

  async fireSchedules(limit: number): Promise<ScheduleTurn> {
    return fireSchedules(this.#begin(), limit);
  }

  async getSchedule(key: ScheduleKey): Promise<Schedule | null> {
    const schedule = this.find(key);
    return schedule?.deletedAt ? null : schedule;
  }

  async listSchedules(query: {
    readonly namespace: string;
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Schedule[]> {
    return [...this.#schedules.values()]
      .filter(({ namespace, deletedAt }) => namespace === query.namespace && !deletedAt)
      .filter(({ id }) => query.afterId === undefined || compareIds(id, query.afterId) > 0)
      .sort((a, b) => compareIds(a.id, b.id))
      .slice(0, query.limit);
  }

  async listScheduleRuns(query: {
    readonly schedule: ScheduleKey;
    readonly after?: { readonly slotAt: Date; readonly taskId: string };
    readonly limit: number;
  }): Promise<readonly ScheduleRun[]> {
    const { after } = query;
    return this.#runsBySlot(query.schedule)
      .reverse()
      .filter((run) => !after || bySlot(run, after) < 0)
      .slice(0, query.limit);
  }

  async purgeSchedules(before: Date, limit: number): Promise<number> {
    let purged = 0;
    for (const [key, { deletedAt }] of this.#schedules)
      if (deletedAt && deletedAt < before) this.#schedules.delete(key);
    for (const runs of this.#runs.values())
      for (const { status, slotAt, taskId } of runs.values())
        if (purged < limit && status === 'FIRED' && slotAt < before && runs.delete(taskId)) purged += 1;
    return purged;
  }

  find(key: ScheduleKey): Schedule | null {
    return this.#schedules.get(keyOf(key)) ?? null;
  }

  due(limit: number): readonly Schedule[] {
    return [...this.#schedules.values()]
      .filter((schedule) => mayFire(schedule, this.now, (task) => !this.#isLive(task)))
      .slice(0, limit);
  }

  nextRunAt(): Date | null {
    const times = [...this.#schedules.values()].flatMap(({ paused, nextRunAt }) =>
      paused || !nextRunAt ? [] : [nextRunAt.getTime()],
    );
    return times.length === 0 ? null : new Date(times.reduce((a, b) => Math.min(a, b)));
  }

  contextOf(schedule: Schedule): ScheduleContext {
    const { namespace, activeTaskId: id } = schedule;
    const task = this.#tasks.get({ namespace, id })?.task;
    const queued = this.#runsBySlot(schedule).find(({ status }) => status === 'QUEUED') ?? null;
    if (id === '') return { active: 'NONE', queued };
    return { active: task && !isTerminal(task.status) ? 'LIVE' : { endedAt: task?.finishedAt ?? null }, queued };
  }

  runsWithin(schedule: Schedule, from: Date, before: Date): readonly ScheduleRun[] {
    return this.#runsBySlot(schedule).filter(({ slotAt }) => slotAt >= from && slotAt < before);
  }

  runsOf(key: ScheduleKey, taskIds: readonly string[]): readonly ScheduleRun[] {
    return this.#runsBySlot(key).filter(({ taskId }) => taskIds.includes(taskId));
  }

  usedRequest(namespace: string, { id, bodyHash }: Request): readonly string[] | null {
    const used = this.#requests.get(`${namespace}\0${id}`);
    if (used && Buffer.compare(used.bodyHash, bodyHash) !== 0) throw requestIdReused(id);
    return used?.taskIds ?? null;
  }

  keepRequest(namespace: string, { id, bodyHash }: Request, taskIds: readonly string[]): void {
    this.#requests.set(`${namespace}\0${id}`, { bodyHash, taskIds, usedAt: this.now });
  }

  write({ schedule, tasks, runs, cancelTaskId, events }: ScheduleChange): void {
    const told: OrreryEvent[] = [...events];
    const key = keyOf(schedule);
    this.#schedules.set(key, schedule);
    const known = schedule.deletedAt ? undefined : this.#runs.get(key);
    const kept = known ?? new Map<string, ScheduleRun>();
    for (const run of runs) kept.set(run.taskId, run);
    this.#runs.set(key, kept);
    for (const { spec, due } of tasks) {
      if (this.#tasks.get(spec)) continue;
      const { task, event } = newTask(spec, runAtOf(due, this.now), this.now);
      this.#tasks.keep(task, this.now);
      told.push(event);
    }
    const active = this.#tasks.get({ namespace: schedule.namespace, id: cancelTaskId })?.task;
    const cancelled = active && !isTerminal(active.status) ? commands.cancelTask(active, this.now) : null;
    if (cancelled) {
      this.#tasks.keep(cancelled.task, this.now);
      told.push(cancelled.event);
    }
    this.#log.append(told);
  }

  #begin(): ScheduleTables {
    this.now = this.#clock.now();
    return this;
  }

  #isLive(key: TaskKey): boolean {
    const task = this.#tasks.get(key)?.task;
    return task !== undefined && !isTerminal(task.status);
  }

  #runsBySlot(key: ScheduleKey): ScheduleRun[] {
    return [...(this.#runs.get(keyOf(key))?.values() ?? [])].sort(bySlot);
  }
}

type Slot = Pick<ScheduleRun, 'slotAt' | 'taskId'>;

function bySlot(a: Slot, b: Slot): number {
  return a.slotAt.getTime() - b.slotAt.getTime() || compareIds(a.taskId, b.taskId);
}

function keyOf({ namespace, id }: ScheduleKey): string {
  return `${namespace}\0${id}`;
}
