const ACCEPTED =
  'Accepted: "1h30m", "500ms", "1.5s", ISO 8601 "PT1H30M" or "P1DT2H", a number of seconds, ' +
  '{days, hours, minutes, seconds, milliseconds}, {seconds, nanos}, {type: "timedelta", total_seconds}; ' +
  'within ±315576000000 s.';

/** Says which input is not a duration, why, and what would be; thrown by everything here that takes a duration from outside. */
export class InvalidDurationError extends Error {
  override readonly name = 'InvalidDurationError';
  /** The refused input, as it was given. */
  readonly input: unknown;

  constructor(input: unknown, reason: string) {
    super(`Invalid duration ${describe(input)}: ${reason}. ${ACCEPTED}`);
    this.input = input;
  }
}

function describe(input: unknown): string {
  if (typeof input === 'bigint') return `${input}n`;
  if (typeof input === 'string') return shorten(JSON.stringify(input));
  if (typeof input === 'function') return 'of type function';
  if (typeof input !== 'object' || input === null) return String(input);
  try {
    return shorten(
      JSON.stringify(input, (_key, value: unknown) => {
        if (typeof value === 'bigint') return `${value}n`;
        return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
      }) ?? 'of type object',
    );
  } catch {
    return 'of type object';
  }
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
