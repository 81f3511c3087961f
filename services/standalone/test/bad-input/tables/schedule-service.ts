import {
  badDurations,
  badNames,
  badPages,
  type BadRequest,
  badTimes,
  type Fields,
  NOT_UTF8,
  refused,
  requiredName,
  wrong,
} from '../fragments.ts';
import type { Loose } from '../write-message.ts';
import { badSpecs } from './task-specs.ts';

const HOURLY: Fields = { interval: { every: { seconds: 3600n } } };
const GOOD: Fields = { task: { type: 'work' }, ...HOURLY };
const cron = (expression: unknown, zone: unknown = ''): Fields => ({ cron: { expression, time_zone: zone } });

const BAD_CRONS: readonly unknown[] = [
  '',
  '*',
  '* * * *',
  '* * * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 9',
  '*/0 * * * *',
  '5-1 * * * *',
  '-1 * * * *',
  '0 0 30 2 *',
  'a b c d e',
  '@sometimes',
  '@reboot',
  '* * * * * ; rm -rf /',
  '* * * * \0',
  '*,'.repeat(10_000),
  `${'* '.repeat(5)}${'x'.repeat(100_000)}`,
  NOT_UTF8,
];
const BAD_ZONES = [
  'Mars/Olympus',
  'Europe',
  '../../etc/localtime',
  'UTC\0',
  'x'.repeat(100_000),
  '+99:99',
  'Europe/Berlin; --',
];

/** Requests of ScheduleService that must be refused. */
export const SCHEDULE_REQUESTS: Readonly<Record<string, readonly BadRequest[]>> = {
  'schedule.v1.ScheduleService/CreateSchedule': [
    wrong('spec', 'missing', {}),
    wrong('spec.task', 'missing', { spec: HOURLY }),
    wrong('spec.cron', 'no timing', { spec: { task: { type: 'work' } } }),
    ...badNames('namespace', (namespace) => ({ namespace, spec: GOOD })),
    ...badNames('schedule_id', (id) => ({ schedule_id: id, spec: GOOD })),
    wrong('request_id', 'too long', { spec: GOOD, request_id: 'x'.repeat(129) }),
    wrong('request_id', 'a NUL character', { spec: GOOD, request_id: 'a\0b' }),
    refused('SCHEDULE_ALREADY_EXISTS', 'the id of another', { schedule_id: 'schedule-1', spec: GOOD }),
    ...badDefinitions((spec) => ({ spec })),
  ],
  'schedule.v1.ScheduleService/UpdateSchedule': [
    ...ofOneSchedule({ spec: GOOD }),
    wrong('spec', 'missing', { schedule_id: 'schedule-1' }),
    ...['spec', 'task.queue', 'id', '', 'Task', 'constructor', '__proto__', 'x'.repeat(100_000)].map((path) =>
      wrong('update_mask.paths[0]', `the mask ${path.slice(0, 50)}`, masked([path])),
    ),
    wrong('update_mask.paths[1]', 'one of two', masked(['task', 'nothing'])),
    wrong('spec.cron', 'in the mask, and not set', masked(['cron'])),
    wrong('update_mask.paths', 'far too many', masked(Array.from({ length: 50_000 }, () => 'task'))),
    ...badDefinitions((spec) => ({ schedule_id: 'schedule-1', spec })),
  ],
  'schedule.v1.ScheduleService/GetSchedule': ofOneSchedule(),
  'schedule.v1.ScheduleService/DeleteSchedule': ofOneSchedule(),
  'schedule.v1.ScheduleService/PauseSchedule': ofOneSchedule(),
  'schedule.v1.ScheduleService/ResumeSchedule': ofOneSchedule(),
  'schedule.v1.ScheduleService/TriggerSchedule': [
    ...ofOneSchedule(),
    wrong('request_id', 'too long', { schedule_id: 'schedule-1', request_id: 'x'.repeat(129) }),
    wrong('request_id', 'a NUL character', { schedule_id: 'schedule-1', request_id: '\0' }),
  ],
  'schedule.v1.ScheduleService/BackfillSchedule': [
    ...ofOneSchedule({ from_time: { seconds: 1n }, before_time: { seconds: 2n } }),
    wrong('from_time', 'missing', { schedule_id: 'schedule-1', before_time: { seconds: 2n } }),
    wrong('before_time', 'missing', { schedule_id: 'schedule-1', from_time: { seconds: 2n } }),
    wrong('before_time', 'not after', backfill({ seconds: 2n }, { seconds: 2n })),
    wrong('before_time', 'earlier', backfill({ seconds: 2n }, { seconds: 1n })),
    ...badTimes('from_time', (time) => backfill(time, { seconds: 2n })),
    ...badTimes('before_time', (time) => backfill({ seconds: 1n }, time)),
    wrong('before_time', 'all of time', backfill({ seconds: -62_135_596_800n }, { seconds: 253_402_300_799n })),
    wrong('request_id', 'too long', { ...backfill({ seconds: 1n }, { seconds: 2n }), request_id: 'x'.repeat(129) }),
  ],
  'schedule.v1.ScheduleService/ListSchedules': [
    ...badNames('namespace', (namespace) => ({ namespace })),
    ...badPages((page) => page, ['schedules', 'default'], ['a\0b']),
  ],
  'schedule.v1.ScheduleService/ListScheduleRuns': [
    ...ofOneSchedule(),
    ...badPages(
      (page) => ({ schedule_id: 'schedule-1', ...page }),
      ['schedule_runs', 'default', 'schedule-1'],
      ['x', 'x y', '9999999999999999999 a', '1 a\0b', '1'],
    ),
  ],
};

function badDefinitions(build: (spec: Fields) => Loose): readonly BadRequest[] {
  const spec = (fields: Fields): Loose => build({ ...GOOD, ...fields });
  const task = (fields: Fields): Loose => spec({ task: { type: 'work', ...fields } });
  const interval = (fields: Fields): Loose => spec({ interval: { every: { seconds: 60n }, ...fields } });
  return [
    ...badSpecs({ field: 'spec.task', build: (wire) => spec({ task: wire }) }).filter(
      ({ why }) => !why.includes('dedup'),
    ),
    wrong('spec.task.id', 'an id', task({ id: 'mine' })),
    wrong('spec.task.run_time', 'a time', task({ run_time: { seconds: 1n } })),
    wrong('spec.task.delay', 'a delay', task({ delay: { seconds: 1n } })),
    wrong('spec.task.parent_task_id', 'a parent', task({ parent_task_id: 'done-1' })),
    wrong('spec.task.dedup', 'a key', task({ dedup: { key: 'a' } })),
    ...BAD_CRONS.map((expression, i) => wrong('spec.cron.expression', `number ${i}`, spec(cron(expression)))),
    ...BAD_ZONES.map((zone) => wrong('spec.cron.time_zone', zone.slice(0, 40), spec(cron('0 * * * *', zone)))),
    ...badDurations('spec.interval.every', (every) => interval({ every })),
    wrong('spec.interval.every', 'missing', spec({ interval: {} })),
    wrong('spec.interval.every', 'zero', interval({ every: {} })),
    wrong('spec.interval.every', 'a fraction of a millisecond', interval({ every: { seconds: 1n, nanos: 1 } })),
    wrong('spec.interval.every', 'eleven years', interval({ every: { seconds: 347_000_000n } })),
    wrong('spec.interval.mode', 'unknown', interval({ mode: 99 })),
    wrong('spec.interval.anchor_time', 'for a delay', interval({ mode: 1, anchor_time: { seconds: 1n } })),
    ...badTimes('spec.interval.anchor_time', (time) => interval({ mode: 2, anchor_time: time })),
    ...badTimes('spec.eta_time', (time) => spec({ eta_time: time })),
    ...badTimes('spec.start_time', (time) => spec({ start_time: time })),
    ...badTimes('spec.end_time', (time) => spec({ end_time: time })),
    wrong('spec.end_time', 'before the start', spec({ start_time: { seconds: 2n }, end_time: { seconds: 1n } })),
    ...badDurations('spec.jitter', (jitter) => spec({ jitter })),
    wrong('spec.jitter', 'a week', spec({ jitter: { seconds: 604_800n } })),
    wrong('spec.overlap_policy', 'unknown', spec({ overlap_policy: 99 })),
    wrong('spec.catch_up', 'too many', spec({ catch_up: 1001 })),
    wrong('spec.catch_up', 'as many as can be', spec({ catch_up: 4_294_967_295 })),
  ];
}

function ofOneSchedule(more: Fields = {}): readonly BadRequest[] {
  return [
    ...requiredName('schedule_id', (id) => ({ ...more, schedule_id: id })),
    ...badNames('namespace', (namespace) => ({ ...more, namespace, schedule_id: 'schedule-1' })),
    refused('SCHEDULE_NOT_FOUND', 'a schedule that there is not', { ...more, schedule_id: 'no-such-schedule' }),
    refused('SCHEDULE_NOT_FOUND', 'of another namespace', { ...more, namespace: 'other', schedule_id: 'schedule-1' }),
  ];
}

function masked(paths: readonly string[]): Loose {
  return { schedule_id: 'schedule-1', spec: GOOD, update_mask: { paths } };
}

function backfill(from: Loose, before: Loose): Fields {
  return { schedule_id: 'schedule-1', from_time: from, before_time: before };
}
