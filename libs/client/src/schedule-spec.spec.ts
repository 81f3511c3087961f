import { Duration } from '@orrery/duration';
import { toScheduleSpec, toUpdateMask } from './schedule-spec.ts';

const origin = { correlationId: 'of-the-caller' };

describe('the timing of a schedule', () => {
  it.each([
    [{ cron: '0 9 * * *' }, { $case: 'cron', value: { expression: '0 9 * * *', timeZone: '' } }],
    [{ every: 90 }, { $case: 'interval', value: { every: { seconds: 90n, nanos: 0 }, mode: 2 } }],
    [{ every: '15m' }, { $case: 'interval', value: { every: { seconds: 900n, nanos: 0 }, mode: 2 } }],
    [{ everyAfterCompletion: Duration.ofSeconds(5) }, { $case: 'interval', value: { mode: 1 } }],
    [{ at: new Date(7) }, { $case: 'etaTime', value: new Date(7) }],
  ] as const)('A6: %j', (wish, timing) => {
    expect(toScheduleSpec(wish, origin).timing).toMatchObject(timing);
  });

  it.each([
    [{ cron: '0 9 * * *', every: 5 }, 'only one of'],
    [{ every: 5, timeZone: 'UTC' }, 'timeZone goes with cron'],
    [{ cron: '0 9 * * *', anchor: new Date(0) }, 'anchor goes with every'],
  ])('%j is refused', (wish, message) => {
    expect(() => toScheduleSpec(wish, origin)).toThrow(RangeError);
    expect(() => toScheduleSpec(wish, origin)).toThrow(message);
  });
});

describe('a change of a schedule', () => {
  it('masks what is given; null goes back to the default', () => {
    const changes = { at: new Date(7), endAt: null, catchUp: 0 };
    const spec = toScheduleSpec(changes, origin);
    expect(toUpdateMask(changes, spec)).toEqual(['eta_time', 'end_time', 'catch_up']);
    expect(spec).toMatchObject({ endTime: undefined, catchUp: 0, overlapPolicy: 0 });
  });
});

test('the tasks of a schedule have no parent, and a correlation id only if it was given', () => {
  const { task } = toScheduleSpec({ task: { type: 'sync' } }, origin);
  expect(task).toMatchObject({ type: 'sync', correlationId: '', parentTaskId: '' });
});
