import { Cron } from 'croner';
import { type ClockChange, clockChangeNear, isTimeZone, NEAR_MS, offsetAt } from './time-zone.ts';

const HOUR_MS = 3_600_000;
const NICKNAME = /^@[a-z]+$/;

/** What is wrong with a cron expression; null: nothing. */
export function cronProblem(expression: string): string | null {
  const fields = fieldsOf(expression);
  if (!NICKNAME.test(expression) && fields.length !== 5 && fields.length !== 6)
    return `"${expression}" must have 5 fields (minute hour day month weekday), or 6 with seconds first`;
  try {
    const clock = clockOf(expression);
    return clock.nextRun(new Date(0)) ? null : `"${expression}" names a time that never comes`;
  } catch (error) {
    return `"${expression}" cannot be read: ${reasonOf(error)}`;
  }
}

/** What is wrong with the name of a time zone; null: nothing. */
export function timeZoneProblem(name: string): string | null {
  return isTimeZone(name) ? null : `"${name}" is no time zone, as "Europe/Berlin" or "UTC" are`;
}

/**
 * The first time after an instant at which a cron expression falls due by the clocks of a zone; null: there is none. A time that
 * the clocks leave out falls due as much later as they leave out; one that they show twice, the first time only. Where every hour is
 * meant (the hour is "*"), both times: every hour stays every hour. Two times that fall on one instant are one.
 */
export function nextCronTime(expression: string, zone: string, after: Date): Date | null {
  const next = nextAfter(expression, zone, after.getTime());
  return next === null ? null : new Date(next);
}

function nextAfter(expression: string, zone: string, from: number): number | null {
  const change = clockChangeNear(zone, from);
  const next = change ? nextAround(expression, change, from) : nextShown(expression, from, offsetAt(zone, from));
  // Far away the clocks may show another time than they would by today's offset.
  const isFar = next !== null && next - from > NEAR_MS;
  return isFar ? nextAfter(expression, zone, next - NEAR_MS + HOUR_MS) : next;
}

/** The first time near a change of the clocks. */
function nextAround(expression: string, { at, before, after }: ClockChange, from: number): number | null {
  if (from < at) {
    const earlier = nextShown(expression, from, before);
    if (earlier === null || earlier < at) return earlier;
  }
  const since = Math.max(from, at - 1);
  const isNews = before <= after || repeatsHours(expression) ? since : Math.max(since, at + before - after - 1);
  const regular = nextShown(expression, isNews, after);
  const leftOut = nextShown(expression, since, before);
  return leftOut !== null && leftOut < at + after - before ? Math.min(leftOut, regular ?? Infinity) : regular;
}

/** When clocks that are always so much ahead of UTC next show a time that is meant. */
function nextShown(expression: string, from: number, offset: number): number | null {
  const shown = clockOf(expression).nextRun(new Date(from + offset));
  return shown && shown.getTime() - offset;
}

function repeatsHours(expression: string): boolean {
  return expression === '@hourly' || fieldsOf(expression).at(-4) === '*';
}

const clocks = new Map<string, Cron>();
const MAX_CLOCKS = 1000;

/** Croner reads the expression and counts by a clock that never changes; what zones do to it is decided here. */
function clockOf(expression: string): Cron {
  const known = clocks.get(expression);
  if (known) return known;
  const clock = new Cron(expression, { timezone: 'UTC', paused: true });
  if (clocks.size >= MAX_CLOCKS) clocks.clear();
  clocks.set(expression, clock);
  return clock;
}

function fieldsOf(expression: string): readonly string[] {
  return expression.trim().split(/\s+/);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
}
