import { Duration } from '@orrery/duration';

const FIRST_MS = 50;
const LONGEST_MS = 5_000;

/**
 * How long to wait before trying again after so many failures in a row (1 for the first): 50 ms doubling up to 5 s, between
 * half and the whole of it by chance, so that many clients do not come back at the same moment.
 */
export function reconnectDelay(failures: number, random: number): Duration {
  const grown = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  return Duration.ofMillis(Math.round(grown * (0.5 + random / 2)));
}
