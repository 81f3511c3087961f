import { scheduleRunToProto, scheduleToProto, schedulev1 } from '@orrery/contracts';
import { newTaskId, type Schedule, type ScheduleCommand, scheduleNotFound } from '@orrery/core';
import { invalidFields, type ScheduleKey, type ScheduleOutcome, type ScheduleStore } from '@orrery/core';
import { timeFromProto } from '@orrery/contracts';
import { bind, Checks, makePageToken, readPageToken, readPlaceToken, type ServiceBinding } from '@orrery/service';
import type { ServiceImplementation } from 'nice-grpc';
import { bodyHash } from './body-hash.ts';
import { readRequestId } from './create-tasks.ts';
import type { Definitions } from './definitions.ts';
import { parseScheduleSpec, parseScheduleUpdate } from './parse-schedule.ts';
import { assertOpen, readContext } from './request-context.ts';
import type { SchedulerPort } from './scheduler-port.ts';

/** Leaves room in a task's id for the slot. */
const MAX_ID = 100;
const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;

/** The most content in one reply, below the 4 MiB that a client accepts by default. */
const REPLY_BYTES = 3 * 1024 * 1024;

/** What the front door to schedules is made of. */
export interface ScheduleServiceDeps {
  readonly store: ScheduleStore;
  readonly scheduler: SchedulerPort;
  /** The largest params that are accepted, in bytes. */
  readonly maxPayloadBytes: number;
  readonly definitions: Definitions;
}

/** What people ask of schedules. What time brings is the scheduler's. */
export function scheduleService(deps: ScheduleServiceDeps): ServiceBinding {
  const { store, definitions } = deps;
  const readOpenKey = (request: Parameters<typeof readKey>[0]): ScheduleKey => {
    const key = readKey(request);
    assertOpen({ ...key, definitions });
    return key;
  };
  const asked = async (key: ScheduleKey, command: ScheduleCommand, request = NOT_IDEMPOTENT) => {
    const outcome = await store.commandSchedule(key, command, request);
    hint(deps.scheduler, outcome);
    return outcome;
  };
  const handlers: ServiceImplementation<typeof schedulev1.ScheduleServiceDefinition> = {
    createSchedule: async (request) => {
      const context = readContext(request.namespace, deps, { belongTogether: false });
      assertOpen(context);
      await definitions.learnTypes(context.namespace, request.spec?.task ? [request.spec.task] : []);
      const checks = new Checks();
      const requestId = readRequestId(request.requestId, checks);
      const id =
        request.scheduleId === '' ? newTaskId() : checks.name('schedule_id', request.scheduleId, { max: MAX_ID });
      const definition = parseScheduleSpec(request.spec, 'spec', context, checks);
      checks.done();
      if (!definition) throw new Error('a specification without violations was not read');
      const { namespace } = context;
      const outcome = await store.createSchedule({
        namespace,
        id,
        definition,
        paused: request.paused,
        request: idempotency(requestId, () => schedulev1.CreateScheduleRequest.encode(request).finish()),
      });
      hint(deps.scheduler, outcome);
      return { schedule: scheduleToProto(outcome.schedule), deduplicated: outcome.deduplicated };
    },
    getSchedule: async (request) => ({ schedule: scheduleToProto(await find(store, readKey(request))) }),
    listSchedules: (request) => listSchedules(store, request),
    updateSchedule: async (request) => {
      const key = readKey(request);
      const context = readContext(request.namespace, deps, { belongTogether: false });
      await definitions.learnTypes(context.namespace, request.spec?.task ? [request.spec.task] : []);
      const checks = new Checks();
      const changes = parseScheduleUpdate(await find(store, key), request, context, checks);
      checks.done();
      return toReply(await asked(key, { do: 'UPDATE', changes }));
    },
    deleteSchedule: async (request) => {
      await asked(readKey(request), { do: 'DELETE' });
      return {};
    },
    pauseSchedule: async (request) => toReply(await asked(readKey(request), { do: 'PAUSE' })),
    resumeSchedule: async (request) => toReply(await asked(readKey(request), { do: 'RESUME' })),
    triggerSchedule: async (request) => {
      const command = { do: 'TRIGGER', taskId: newTaskId() } as const;
      const encoded = () => schedulev1.TriggerScheduleRequest.encode(request).finish();
      const { runs, deduplicated } = await asked(readOpenKey(request), command, readIdempotency(request, encoded));
      return { run: runs[0] && scheduleRunToProto(runs[0]), deduplicated };
    },
    backfillSchedule: async (request) => {
      const command = { do: 'BACKFILL', ...readRange(request) } as const;
      const encoded = () => schedulev1.BackfillScheduleRequest.encode(request).finish();
      const { runs, deduplicated } = await asked(readOpenKey(request), command, readIdempotency(request, encoded));
      return { runs: runs.map(scheduleRunToProto), deduplicated };
    },
    listScheduleRuns: (request) => listRuns(store, request),
  };
  return bind(schedulev1.ScheduleServiceDefinition, handlers);
}

type Idempotency = Parameters<ScheduleStore['commandSchedule']>[2];

const NOT_IDEMPOTENT: Idempotency = null;

function hint(scheduler: SchedulerPort, { schedule, runs, cancelled }: ScheduleOutcome): void {
  const { namespace, task } = schedule;
  const queues = runs.length > 0 ? [{ namespace, queue: task.queue }] : [];
  scheduler.wake({ schedules: true, queues, cancels: cancelled ? [cancelled] : [] });
}

async function find(store: ScheduleStore, key: ScheduleKey): Promise<Schedule> {
  const schedule = await store.getSchedule(key);
  if (!schedule) throw scheduleNotFound(key.namespace, key.id);
  return schedule;
}

async function listSchedules(
  store: ScheduleStore,
  request: schedulev1.ListSchedulesRequest,
): Promise<schedulev1.ListSchedulesResponse> {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const pageSize = readPageSize(request.pageSize, checks);
  checks.done();
  const boundTo = ['schedules', namespace];
  const afterId = readPageToken(request.pageToken, boundTo);
  const found = await store.listSchedules({
    namespace,
    limit: pageSize + 1,
    ...(afterId !== undefined && { afterId }),
  });
  const page = cutPage(found.slice(0, pageSize));
  const last = page.at(-1);
  return {
    schedules: page.map(scheduleToProto),
    nextPageToken: found.length > page.length && last ? makePageToken(last.id, boundTo) : '',
  };
}

/** A page is cut where it would outgrow one reply. */
function cutPage(schedules: readonly Schedule[]): readonly Schedule[] {
  let bytes = 0;
  const end = schedules.findIndex(({ task }) => (bytes += 1024 + task.params.data.length) > REPLY_BYTES);
  return end < 0 ? schedules : schedules.slice(0, Math.max(end, 1));
}

async function listRuns(
  store: ScheduleStore,
  request: schedulev1.ListScheduleRunsRequest,
): Promise<schedulev1.ListScheduleRunsResponse> {
  const checks = new Checks();
  const pageSize = readPageSize(request.pageSize, checks);
  checks.done();
  const schedule = await find(store, readKey(request));
  const boundTo = ['schedule_runs', schedule.namespace, schedule.id];
  const after = readPlaceToken(request.pageToken, boundTo, readRunPlace);
  const found = await store.listScheduleRuns({ schedule, limit: pageSize + 1, ...(after && { after }) });
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  const place = last && `${last.slotAt.getTime()} ${last.taskId}`;
  return {
    runs: page.map(scheduleRunToProto),
    nextPageToken: found.length > page.length && place ? makePageToken(place, boundTo) : '',
  };
}

function readRunPlace(place: string): { readonly slotAt: Date; readonly taskId: string } | undefined {
  const { at, taskId } = /^(?<at>-?\d{1,15}) (?<taskId>[A-Za-z0-9._:/-]{1,255})$/.exec(place)?.groups ?? {};
  return taskId === undefined ? undefined : { slotAt: new Date(Number(at)), taskId };
}

function toReply({ schedule }: ScheduleOutcome): { readonly schedule: schedulev1.Schedule } {
  return { schedule: scheduleToProto(schedule) };
}

function readKey(request: { readonly namespace: string; readonly scheduleId: string }): ScheduleKey {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const id = checks.name('schedule_id', request.scheduleId, { max: MAX_ID });
  checks.done();
  return { namespace, id };
}

function readRange(request: schedulev1.BackfillScheduleRequest): { readonly from: Date; readonly before: Date } {
  const checks = new Checks();
  const from = checks.parse(() => timeFromProto(request.fromTime, 'from_time'));
  const before = checks.parse(() => timeFromProto(request.beforeTime, 'before_time'));
  if (from === null) checks.add('from_time', 'is required');
  if (before === null) checks.add('before_time', 'is required');
  if (from && before && from >= before) checks.add('before_time', 'must be after from_time');
  checks.done();
  if (!from || !before) throw invalidFields([{ field: 'from_time', description: 'is required' }]);
  return { from, before };
}

function readPageSize(pageSize: number, checks: Checks): number {
  checks.require(pageSize >= 0, 'page_size', 'must not be negative');
  return Math.min(pageSize || DEFAULT_PAGE, MAX_PAGE);
}

function readIdempotency(request: { readonly requestId: string }, encoded: () => Uint8Array): Idempotency {
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  checks.done();
  return idempotency(requestId, encoded);
}

/** What cannot be encoded again, a time that is none for instance, must have been refused before `encoded` is called. */
function idempotency(requestId: string, encoded: () => Uint8Array): Idempotency {
  return requestId === '' ? null : { id: requestId, bodyHash: bodyHash(encoded()) };
}
