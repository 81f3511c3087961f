import {
  EXPONENTIAL,
  FIXED,
  OVERLAP_POLICIES,
  Refusal,
  RUN_CAUSES,
  SCHEDULE_EVENT_KINDS,
  type Schedule,
  type ScheduleEvent,
  type ScheduleRun,
  type ScheduleTiming,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import * as contracts from './index.ts';

const { eventv1, schedulev1 } = contracts;

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.stringMatching(/^[A-Za-z0-9._:/-]{1,20}$/);
// The decoder of maps leaves this one out.
const key = name.filter((each) => each !== '__proto__');
const instant = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
const duration = fc.nat().map((millis) => Duration.ofMillis(millis));

const timing: fc.Arbitrary<ScheduleTiming> = fc.oneof(
  fc.record({ kind: fc.constant('CRON' as const), expression: name, timeZone: name }),
  fc.record({ kind: fc.constant('FIXED_DELAY' as const), every: duration }),
  fc.record({ kind: fc.constant('FIXED_GRID' as const), every: duration, anchor: instant }),
  fc.record({ kind: fc.constant('ONCE' as const), at: instant }),
);

const schedule: fc.Arbitrary<Schedule> = fc.record({
  id: name,
  namespace: name,
  task: fc.record({
    queue: name,
    type: name,
    params: fc.record({ data: fc.uint8Array(), contentType: name }),
    priority: fc.integer({ min: -9, max: 9 }),
    retryPolicy: fc.constantFrom(EXPONENTIAL, FIXED),
    runTimeout: fc.option(duration),
    queueTimeout: fc.option(duration),
    heartbeatTimeout: fc.option(duration),
    labels: fc.dictionary(key, text, { noNullPrototype: true }),
    correlationId: text,
    flowKey: text,
  }),
  timing,
  startAt: fc.option(instant),
  endAt: fc.option(instant),
  jitter: fc.option(duration),
  overlap: fc.constantFrom(...OVERLAP_POLICIES),
  catchUp: fc.nat(1000),
  paused: fc.constant(false),
  nextRunAt: fc.option(instant),
  activeTaskId: text,
  queuedCount: fc.nat(),
  lastRunAt: fc.option(instant),
  lastTaskId: text,
  firedCount: fc.maxSafeNat(),
  skippedCount: fc.maxSafeNat(),
  createdAt: instant,
  updatedAt: instant,
  deletedAt: fc.constant(null),
  revision: fc.maxSafeNat(),
});

const run: fc.Arbitrary<ScheduleRun> = fc.record({
  slotAt: instant,
  taskId: name,
  cause: fc.constantFrom(...RUN_CAUSES),
  status: fc.constantFrom('QUEUED' as const, 'FIRED' as const),
  at: instant,
});

const event: fc.Arbitrary<ScheduleEvent> = fc.record({
  noun: fc.constant('schedule' as const),
  kind: fc.constantFrom(...SCHEDULE_EVENT_KINDS),
  namespace: name,
  scheduleId: name,
  sequence: fc.maxSafeNat(),
  at: instant,
  slotAt: fc.option(instant),
  taskId: text,
  cause: fc.option(fc.constantFrom(...RUN_CAUSES)),
  count: fc.nat(),
  reason: fc.option(fc.constantFrom('OVERLAP' as const, 'MISSED' as const)),
});

describe('what is sent of schedules is what is received', () => {
  test('a schedule', () => {
    check(schedule, (sent) => {
      const bytes = schedulev1.Schedule.encode(contracts.scheduleToProto(sent)).finish();
      return contracts.scheduleFromProto(schedulev1.Schedule.decode(bytes));
    });
  });

  test('a paused schedule has no next slot', () => {
    const [sent] = fc.sample(schedule, 1);
    const received = contracts.scheduleFromProto(contracts.scheduleToProto({ ...sent!, paused: true }));
    expect(received).toEqual({ ...sent, paused: true, nextRunAt: null });
  });

  test('a run', () => {
    check(run, (sent) => {
      const bytes = schedulev1.ScheduleRun.encode(contracts.scheduleRunToProto(sent)).finish();
      return contracts.scheduleRunFromProto(schedulev1.ScheduleRun.decode(bytes));
    });
  });

  test('an event', () => {
    check(event, (sent) => {
      const bytes = eventv1.Event.encode(contracts.eventToProto(sent)).finish();
      return contracts.eventFromProto(eventv1.Event.decode(bytes));
    });
  });
});

describe('what is no specification is refused', () => {
  const spec = (fields: Partial<contracts.schedulev1.ScheduleSpec>) => () =>
    contracts.scheduleSpecFromProto({ ...schedulev1.ScheduleSpec.decode(new Uint8Array()), ...fields }, 'spec');
  const every = { seconds: 5n, nanos: 0 };
  const anchorTime = new Date(0);

  test.each([
    ['no timing', spec({}), 'spec.cron'],
    [
      'no interval',
      spec({ timing: interval({ every: undefined, mode: 0, anchorTime: undefined }) }),
      'spec.interval.every',
    ],
    [
      'an unknown mode',
      spec({ timing: interval({ every, mode: 9 as never, anchorTime: undefined }) }),
      'spec.interval.mode',
    ],
    [
      'an anchor without a grid',
      spec({ timing: interval({ every, mode: 1, anchorTime }) }),
      'spec.interval.anchor_time',
    ],
    [
      'an unknown policy',
      spec({ timing: interval({ every, mode: 1, anchorTime: undefined }), overlapPolicy: 9 as never }),
      'spec.overlap_policy',
    ],
  ])('%s', (_what, read, field) => {
    expect(read).toThrow(Refusal);
    expect(read).toThrow(expect.objectContaining({ metadata: { field } }));
  });
});

function interval(value: contracts.schedulev1.IntervalTiming) {
  return { $case: 'interval', value } as const;
}

function check<T>(values: fc.Arbitrary<T>, sendAndReceive: (sent: T) => unknown): void {
  fc.assert(fc.property(values, (sent) => expect(sendAndReceive(sent)).toEqual(sent)));
}
