/** Further than any change of the clocks reaches, in ms: Samoa once left out a whole day. */
export const NEAR_MS = 26 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether this is the name of a time zone, e.g. "Europe/Berlin" or "UTC". */
export function isTimeZone(name: string): boolean {
  try {
    return name !== '' && formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** How far the clocks of a zone are ahead of UTC at an instant, in ms; both in ms since 1970. */
export function offsetAt(zone: string, instant: number): number {
  const text = formatOf(zone).format(instant);
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = text.split(/\D+/).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

/** The clocks of a zone are set forward or back. Offsets are how far they are ahead of UTC, in ms. */
export interface ClockChange {
  /** From this instant on, in ms since 1970, the clocks show the other time. */
  readonly at: number;
  readonly before: number;
  readonly after: number;
}

/** The change of a zone's clocks within `NEAR_MS` of an instant; null: there is none. */
export function clockChangeNear(zone: string, instant: number): ClockChange | null {
  let [from, to] = [instant - NEAR_MS, instant + NEAR_MS];
  const [before, after] = [offsetAt(zone, from), offsetAt(zone, to)];
  if (before === after) return null;
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    if (offsetAt(zone, middle) === before) from = middle;
    else to = middle;
  }
  return { at: to, before, after };
}

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(zone, format);
  return format;
}
