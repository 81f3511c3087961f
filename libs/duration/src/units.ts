/** Nanoseconds in each unit; a day is always 24 hours and a week seven of them, whatever the clocks of a place do. */
export const NANOS = {
  nanosecond: 1n,
  microsecond: 1_000n,
  millisecond: 1_000_000n,
  second: 1_000_000_000n,
  minute: 60_000_000_000n,
  hour: 3_600_000_000_000n,
  day: 86_400_000_000_000n,
  week: 604_800_000_000_000n,
} as const;

/** The largest length a google.protobuf.Duration carries, in seconds either way of zero: about 10,000 years. */
export const MAX_SECONDS = 315_576_000_000n;
