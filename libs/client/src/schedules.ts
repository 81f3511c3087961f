import { randomUUID } from 'node:crypto';
import { scheduleFromProto, scheduleRunFromProto, type schedulev1 } from '@orrery/contracts';
import type { Schedule, ScheduleRun } from '@orrery/core';
import { OrreryError } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import { type NewSchedule, type ScheduleChanges, toScheduleSpec, toUpdateMask } from './schedule-spec.ts';

/** How a call about a schedule is made. */
export interface ScheduleCallOptions {
  readonly signal?: AbortSignal;
}

/** How something is asked for that must not happen twice. */
export interface OnceOptions extends ScheduleCallOptions {
  /** Makes the call idempotent across processes, for 24 hours. Default: one that makes repetitions by the client harmless. */
  readonly requestId?: string;
}

/** Everything that can be done with schedules. Every method rejects with an OrreryError, or with the reason of its signal. */
export interface Schedules {
  /** Creates a schedule. Throws a RangeError, PayloadError or InvalidDurationError for what cannot be sent. */
  create(schedule: NewSchedule, options?: OnceOptions): Promise<Schedule>;
  get(id: string, options?: ScheduleCallOptions): Promise<Schedule>;
  /** All schedules by id, page after page as they are asked for. */
  list(options?: ScheduleCallOptions): AsyncIterable<Schedule>;
  /** Changes what is given, and nothing else. */
  update(id: string, changes: ScheduleChanges, options?: ScheduleCallOptions): Promise<Schedule>;
  /** Deletes a schedule; tasks that it made stay. */
  delete(id: string, options?: ScheduleCallOptions): Promise<void>;
  /** Fires nothing more until it is resumed. */
  pause(id: string, options?: ScheduleCallOptions): Promise<Schedule>;
  /** Goes on; slots that came meanwhile are not made up, `backfill` does that. */
  resume(id: string, options?: ScheduleCallOptions): Promise<Schedule>;
  /** A run now; refused with SCHEDULE_BUSY where overlaps are skipped and a task has not ended. */
  trigger(id: string, options?: OnceOptions): Promise<ScheduleRun>;
  /** Runs for the slots from one time until before another that were not fired; returns those, the oldest first. */
  backfill(
    id: string,
    range: { readonly from: Date; readonly before: Date },
    options?: OnceOptions,
  ): Promise<readonly ScheduleRun[]>;
  /** The runs of a schedule, the newest slot first, page after page as they are asked for. */
  runs(id: string, options?: ScheduleCallOptions): AsyncIterable<ScheduleRun>;
}

/** Schedules over a connection. */
export function createSchedules(connection: Connection): Schedules {
  const { settings, schedules: stub } = connection;
  const { namespace } = settings;
  const keyOf = (scheduleId: string) => ({ namespace, scheduleId });

  return {
    async create({ id = '', paused = false, ...wish }, { requestId = randomUUID(), signal } = {}) {
      const request = { ...keyOf(id), spec: toScheduleSpec(wish, settings.origin()), paused, requestId };
      return present(await connection.call((options) => stub.createSchedule(request, options), signal));
    },
    async get(id, { signal } = {}) {
      return present(await connection.call((options) => stub.getSchedule(keyOf(id), options), signal));
    },
    async *list({ signal } = {}) {
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const request = { namespace, pageSize: 0, pageToken };
        const page: schedulev1.ListSchedulesResponse = await connection.call(
          (options) => stub.listSchedules(request, options),
          signal,
        );
        for (const schedule of page.schedules) yield scheduleFromProto(schedule);
        pageToken = page.nextPageToken || undefined;
      }
    },
    async update(id, changes, { signal } = {}) {
      const spec = toScheduleSpec(changes, settings.origin());
      const updateMask = toUpdateMask(changes, spec);
      // An empty mask would stand for everything.
      if (updateMask.length === 0) return this.get(id, signal ? { signal } : {});
      const request = { ...keyOf(id), spec, updateMask };
      return present(await connection.call((options) => stub.updateSchedule(request, options), signal));
    },
    async delete(id, { signal } = {}) {
      await connection.call((options) => stub.deleteSchedule(keyOf(id), options), signal);
    },
    async pause(id, { signal } = {}) {
      return present(await connection.call((options) => stub.pauseSchedule(keyOf(id), options), signal));
    },
    async resume(id, { signal } = {}) {
      return present(await connection.call((options) => stub.resumeSchedule(keyOf(id), options), signal));
    },
    async trigger(id, { requestId = randomUUID(), signal } = {}) {
      const request = { ...keyOf(id), requestId };
      const { run } = await connection.call((options) => stub.triggerSchedule(request, options), signal);
      if (!run) throw missing('run');
      return scheduleRunFromProto(run);
    },
    async backfill(id, { from, before }, { requestId = randomUUID(), signal } = {}) {
      const request = { ...keyOf(id), fromTime: from, beforeTime: before, requestId };
      const { runs } = await connection.call((options) => stub.backfillSchedule(request, options), signal);
      return runs.map((run) => scheduleRunFromProto(run));
    },
    async *runs(id, { signal } = {}) {
      for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
        const request = { ...keyOf(id), pageSize: 0, pageToken };
        const page: schedulev1.ListScheduleRunsResponse = await connection.call(
          (options) => stub.listScheduleRuns(request, options),
          signal,
        );
        for (const run of page.runs) yield scheduleRunFromProto(run);
        pageToken = page.nextPageToken || undefined;
      }
    },
  };
}

function present({ schedule }: { readonly schedule: schedulev1.Schedule | undefined }): Schedule {
  if (schedule) return scheduleFromProto(schedule);
  throw missing('schedule');
}

function missing(what: string): OrreryError {
  return new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message: `the reply has no ${what}` });
}
