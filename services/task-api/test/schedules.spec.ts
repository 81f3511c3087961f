import { schedulev1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { refusalOf, spec as taskSpec, startTaskApi } from './harness.ts';

let api: Awaited<ReturnType<typeof startTaskApi>>;
beforeAll(async () => (api = await startTaskApi()));
afterAll(() => api.stop());

const NOTHING = new Uint8Array();
const CRON = { $case: 'cron', value: { expression: '0 9 * * *', timeZone: 'Europe/Berlin' } } as const;
const interval = (millis: number, mode: schedulev1.IntervalMode = 0) =>
  ({
    $case: 'interval',
    value: { every: Duration.ofMillis(millis).toProto(), mode, anchorTime: undefined },
  }) as const;

function spec(fields: Partial<schedulev1.ScheduleSpec> = {}): schedulev1.ScheduleSpec {
  return { ...schedulev1.ScheduleSpec.decode(NOTHING), task: taskSpec('mail.send'), timing: CRON, ...fields };
}

function creation(fields: Partial<schedulev1.CreateScheduleRequest> = {}): schedulev1.CreateScheduleRequest {
  return { ...schedulev1.CreateScheduleRequest.decode(NOTHING), spec: spec(), ...fields };
}

let created = 0;
async function create(fields: Partial<schedulev1.CreateScheduleRequest> = {}): Promise<string> {
  const scheduleId = `schedule-${++created}`;
  await api.schedules.createSchedule(creation({ scheduleId, ...fields }));
  return scheduleId;
}

const keyOf = (scheduleId: string) => ({ namespace: '', scheduleId });

describe('creating schedules', () => {
  it('A6: answers with the schedule, defaults and all', async () => {
    const { schedule } = await api.schedules.createSchedule(creation());
    expect(schedule).toMatchObject({
      namespace: 'default',
      state: schedulev1.ScheduleState.ACTIVE,
      firedCount: 0n,
      revision: 1n,
      spec: {
        overlapPolicy: schedulev1.OverlapPolicy.SKIP,
        catchUp: 50,
        task: { type: 'mail.send', queue: 'default' },
      },
    });
    expect(schedule?.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(schedule?.nextRunTime?.toISOString()).toMatch(/T0[78]:00:00.000Z$/);
    expect(api.hints.at(-1)).toMatchObject({ schedules: true });
  });

  it('a repeated request id creates nothing; with another body it is refused', async () => {
    const request = creation({ requestId: 'r-1' });
    const first = await api.schedules.createSchedule(request);
    expect(await api.schedules.createSchedule(request)).toEqual({ ...first, deduplicated: true });
    const refused = await refusalOf((options) => api.schedules.createSchedule({ ...request, paused: true }, options));
    expect(refused).toMatchObject({ code: 'ALREADY_EXISTS', refusal: { reason: 'REQUEST_ID_REUSED' } });
  });

  it('refuses an id that is taken', async () => {
    const scheduleId = await create();
    const refused = await refusalOf((options) => api.schedules.createSchedule(creation({ scheduleId }), options));
    expect(refused).toMatchObject({ code: 'ALREADY_EXISTS', refusal: { reason: 'SCHEDULE_ALREADY_EXISTS' } });
  });

  const cron = (expression: string, timeZone = '') => ({ $case: 'cron', value: { expression, timeZone } }) as const;
  const at = new Date('2030-01-01T00:00:00Z');

  it.each<[string, Partial<schedulev1.CreateScheduleRequest>, string[]]>([
    ['no spec', { spec: undefined }, ['spec']],
    ['no task', { spec: spec({ task: undefined }) }, ['spec.task']],
    ['a bad task', { spec: spec({ task: taskSpec('no spaces') }) }, ['spec.task.type']],
    ['no timing', { spec: spec({ timing: undefined }) }, ['spec.cron']],
    ['a bad cron expression', { spec: spec({ timing: cron('61 * * * *') }) }, ['spec.cron.expression']],
    ['no cron expression', { spec: spec({ timing: cron('') }) }, ['spec.cron.expression']],
    ['a time that never comes', { spec: spec({ timing: cron('0 0 30 2 *') }) }, ['spec.cron.expression']],
    ['an unknown zone', { spec: spec({ timing: cron('0 0 * * *', 'Mars/X') }) }, ['spec.cron.time_zone']],
    ['both', { spec: spec({ timing: cron('x', 'y') }) }, ['spec.cron.expression', 'spec.cron.time_zone']],
    ['no interval', { spec: spec({ timing: interval(0) }) }, ['spec.interval.every']],
    ['a short interval', { spec: spec({ timing: interval(999) }) }, ['spec.interval.every']],
    ['a negative interval', { spec: spec({ timing: interval(-60_000) }) }, ['spec.interval.every']],
    ['an empty range', { spec: spec({ startTime: at, endTime: at }) }, ['spec.end_time']],
    ['a long catch-up', { spec: spec({ catchUp: 1001 }) }, ['spec.catch_up']],
    ['a negative jitter', { spec: spec({ jitter: Duration.ofSeconds(-1).toProto() }) }, ['spec.jitter']],
    ['a task with an id', { spec: spec({ task: taskSpec('a', { id: 'x' }) }) }, ['spec.task.id']],
    ['a task with a time', { spec: spec({ task: taskSpec('a', { runTime: at }) }) }, ['spec.task.run_time']],
    ['a long id', { scheduleId: 'x'.repeat(101) }, ['schedule_id']],
    ['a long request id', { requestId: 'x'.repeat(129) }, ['request_id']],
  ])('A6: refuses %s, naming the field', async (_what, fields, expected) => {
    const { code, refusal } = await refusalOf((options) => api.schedules.createSchedule(creation(fields), options));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map(({ field }) => field)).toEqual(expected);
  });
});

describe('changing schedules', () => {
  it('A6: takes the fields that the mask names', async () => {
    const scheduleId = await create({ spec: spec({ catchUp: 7 }) });
    const change = spec({ timing: interval(60_000, schedulev1.IntervalMode.FIXED_GRID), task: undefined });
    const request = { ...keyOf(scheduleId), spec: change };
    const { schedule } = await api.schedules.updateSchedule({ ...request, updateMask: ['interval'] });
    expect(schedule?.spec).toMatchObject({ catchUp: 7, task: { type: 'mail.send' }, timing: { $case: 'interval' } });
    const back = await api.schedules.updateSchedule({ ...request, updateMask: ['catch_up'] });
    expect(back.schedule?.spec).toMatchObject({ catchUp: 50, timing: { $case: 'interval' } });
  });

  it.each([
    ['an unknown field', ['nonsense'], 'update_mask.paths[0]'],
    ['a timing that is not set', ['cron'], 'spec.cron'],
    ['a task that is not set', ['task'], 'spec.task'],
  ])('refuses %s in the mask', async (_what, updateMask, field) => {
    const scheduleId = await create();
    const change = spec({ timing: interval(60_000), task: undefined });
    const call = refusalOf((options) =>
      api.schedules.updateSchedule({ ...keyOf(scheduleId), spec: change, updateMask }, options),
    );
    expect((await call).refusal).toMatchObject({ reason: 'INVALID_FIELD', metadata: { field } });
  });

  it('A6: pauses, resumes, triggers and deletes', async () => {
    const scheduleId = await create();
    const paused = await api.schedules.pauseSchedule(keyOf(scheduleId));
    expect(paused.schedule).toMatchObject({ state: schedulev1.ScheduleState.PAUSED, nextRunTime: undefined });
    const { run } = await api.schedules.triggerSchedule({ ...keyOf(scheduleId), requestId: 'now' });
    expect(run).toMatchObject({ cause: schedulev1.RunCause.TRIGGER, status: schedulev1.RunStatus.FIRED });
    expect(api.hints.at(-1)).toMatchObject({ queues: [{ namespace: 'default', queue: 'default' }] });
    const again = await api.schedules.triggerSchedule({ ...keyOf(scheduleId), requestId: 'now' });
    expect(again).toEqual({ run, deduplicated: true });
    const { task } = await api.tasks.getTask({ namespace: '', taskId: run?.taskId ?? '', view: 0 });
    expect(task).toMatchObject({ type: 'mail.send', scheduleId });
    const busy = await refusalOf((options) =>
      api.schedules.triggerSchedule({ ...keyOf(scheduleId), requestId: '' }, options),
    );
    expect(busy).toMatchObject({ code: 'FAILED_PRECONDITION', refusal: { reason: 'SCHEDULE_BUSY' } });
    const { schedule } = await api.schedules.resumeSchedule(keyOf(scheduleId));
    expect(schedule).toMatchObject({ state: schedulev1.ScheduleState.ACTIVE, firedCount: 1n });
    await api.schedules.deleteSchedule(keyOf(scheduleId));
    const gone = await refusalOf((options) => api.schedules.getSchedule(keyOf(scheduleId), options));
    expect(gone).toMatchObject({ code: 'NOT_FOUND', refusal: { reason: 'SCHEDULE_NOT_FOUND' } });
  });

  it('A6: backfills a range once, and lists the runs in pages', async () => {
    const allow = spec({ overlapPolicy: schedulev1.OverlapPolicy.ALLOW });
    const scheduleId = await create({ spec: allow, paused: true });
    const range = { fromTime: new Date('2026-02-01T00:00:00Z'), beforeTime: new Date('2026-02-08T00:00:00Z') };
    const request = { ...keyOf(scheduleId), ...range, requestId: '' };
    const { runs } = await api.schedules.backfillSchedule(request);
    expect(runs.map(({ slotTime }) => slotTime?.toISOString().slice(0, 13))).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((day) => `2026-02-0${day}T08`),
    );
    expect((await api.schedules.backfillSchedule(request)).runs).toEqual([]);

    const listed: schedulev1.ScheduleRun[] = [];
    let pageToken = '';
    do {
      const page = await api.schedules.listScheduleRuns({ ...keyOf(scheduleId), pageSize: 3, pageToken });
      listed.push(...page.runs);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(listed).toEqual(runs.toReversed());
  });

  it.each([
    ['no beginning', undefined, new Date(1), ['from_time']],
    ['no end', new Date(1), undefined, ['before_time']],
    ['an empty range', new Date(1), new Date(1), ['before_time']],
    ['a range without slots', new Date('2026-02-01T00:00:00Z'), new Date('2026-02-01T01:00:00Z'), ['before_time']],
    ['too many slots', new Date('2000-01-01T00:00:00Z'), new Date('2026-01-01T00:00:00Z'), ['before_time']],
  ])('A6: refuses a backfill with %s', async (_what, fromTime, beforeTime, expected) => {
    const scheduleId = await create();
    const request = { ...keyOf(scheduleId), fromTime, beforeTime, requestId: '' };
    const { code, refusal } = await refusalOf((options) => api.schedules.backfillSchedule(request, options));
    expect([code, refusal.violations.map(({ field }) => field)]).toEqual(['INVALID_ARGUMENT', expected]);
  });

  it('lists schedules in pages', async () => {
    const namespace = 'pages';
    for (const scheduleId of ['a', 'b', 'c']) await api.schedules.createSchedule(creation({ namespace, scheduleId }));
    const first = await api.schedules.listSchedules({ namespace, pageSize: 2, pageToken: '' });
    expect(first.schedules.map(({ id }) => id)).toEqual(['a', 'b']);
    const second = await api.schedules.listSchedules({ namespace, pageSize: 2, pageToken: first.nextPageToken });
    expect([second.schedules.map(({ id }) => id), second.nextPageToken]).toEqual([['c'], '']);
    const bad = await refusalOf((options) =>
      api.schedules.listSchedules({ namespace: 'other', pageSize: 2, pageToken: first.nextPageToken }, options),
    );
    expect(bad.refusal.reason).toBe('INVALID_PAGE_TOKEN');
  });
});
