import { Duration } from '@orrery/duration';
import { cronProblem, timeZoneProblem } from './cron.ts';
import type { FieldViolation } from './refusal.ts';
import { slotFrom } from './schedule-slots.ts';
import type { ScheduleDefinition, ScheduleTiming } from './schedule.ts';

/** The most missed slots that a schedule may make up. */
export const MAX_CATCH_UP = 1000;

const MIN_INTERVAL = Duration.ofSeconds(1);
const MAX_INTERVAL = Duration.of({ days: 3660 });
const MAX_JITTER = Duration.of({ days: 1 });

/** Everything that is wrong with what people decide about a schedule; fields are named as on the wire, after `path`. */
export function scheduleProblems(definition: ScheduleDefinition, path: string): readonly FieldViolation[] {
  const problems = timingProblems(definition.timing, path);
  const { startAt, endAt, jitter, catchUp } = definition;
  const add = (field: string, description: string) => problems.push({ field: `${path}.${field}`, description });
  if (startAt && endAt && startAt >= endAt) add('end_time', 'must be after start_time');
  else if (problems.length === 0 && endAt && !slotFrom(definition, startAt ?? new Date(0)))
    add('end_time', 'leaves no time for a single slot');
  if (jitter && (jitter.isNegative || jitter.compareTo(MAX_JITTER) > 0)) add('jitter', 'must be from 0s to 1d');
  if (catchUp < 0 || catchUp > MAX_CATCH_UP) add('catch_up', `must be from 0 to ${MAX_CATCH_UP}`);
  return problems;
}

function timingProblems(timing: ScheduleTiming, path: string): FieldViolation[] {
  if (timing.kind === 'ONCE') return [];
  if (timing.kind !== 'CRON') {
    const description = intervalProblem(timing.every);
    return description === null ? [] : [{ field: `${path}.interval.every`, description }];
  }
  const zone = timeZoneProblem(timing.timeZone);
  const cron = cronProblem(timing.expression);
  return [
    ...(cron === null ? [] : [{ field: `${path}.cron.expression`, description: cron }]),
    ...(zone === null ? [] : [{ field: `${path}.cron.time_zone`, description: zone }]),
  ];
}

function intervalProblem(every: Duration): string | null {
  if (every.compareTo(MIN_INTERVAL) < 0 || every.compareTo(MAX_INTERVAL) > 0)
    return `must be from ${MIN_INTERVAL.toString()} to ${MAX_INTERVAL.toString()}, and is ${every.toString()}`;
  return Number.isInteger(every.toMillis()) ? null : `must be whole milliseconds, and is ${every.toString()}`;
}
