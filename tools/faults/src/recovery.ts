import type { JournalEntry } from './journal.ts';
import type { Load } from './task-load.ts';

/** When a process was killed or cut off, by `monotonicMillis`. */
export interface Fault {
  readonly process: string;
  readonly at: number;
}

/**
 * Milliseconds from each fault until the next claim of a task, by `monotonicMillis`; null if there was none. Faults after the last
 * creation are left out. `length` measures the time from one instant to another; by default all of it counts.
 */
export function nextClaims(
  claims: readonly number[],
  created: Load['acknowledged'],
  faults: readonly Fault[],
  length: (from: number, to: number) => number = (from, to) => to - from,
): readonly (number | null)[] {
  const last = Math.max(0, ...[...created.values()].map(({ sentAt }) => sentAt));
  return faults
    .filter(({ at }) => at < last)
    .map(({ at }) => {
      const next = claims.find((claim) => claim > at);
      return next === undefined ? null : length(at, next);
    });
}

/**
 * Milliseconds from each kill of a worker until what it was running then was started again, one for each such attempt; null for
 * those that never were.
 */
export function rescues(
  journal: readonly JournalEntry[],
  kills: readonly Fault[],
  length: (from: number, to: number) => number = (from, to) => to - from,
): readonly (number | null)[] {
  return kills.flatMap(({ process, at }) => {
    // The signal comes a moment later than the decision; what returned until then was not interrupted.
    const returned = new Set(
      journal.filter(({ what, worker }) => what === 'returned' && worker === process).map(nameOf),
    );
    const running = journal.filter(
      (entry) => entry.what === 'started' && entry.worker === process && entry.at < at && !returned.has(nameOf(entry)),
    );
    // What an earlier kill had interrupted is that one's.
    const earlier = Math.max(
      0,
      ...kills.filter((kill) => kill.process === process && kill.at < at).map((kill) => kill.at),
    );
    const interrupted = running.filter((start) => start.at > earlier);
    return interrupted.map(({ id }) => {
      const again = journal.find((entry) => entry.what === 'started' && entry.id === id && entry.at > at);
      return again ? length(at, again.at) : null;
    });
  });
}

/** The largest of some lengths of time in milliseconds, for people: "3.1 s"; "-" if there is none. */
export function longest(millis: readonly (number | null)[]): string {
  if (millis.length === 0) return '-';
  return millis.includes(null) ? 'never' : `${(Math.max(...millis.map(Number)) / 1_000).toFixed(1)} s`;
}

/** A problem if one of some lengths of time is longer than a limit, or has not come to its end. */
export function tooLong(rule: string, millis: readonly (number | null)[], limitMillis: number): readonly string[] {
  const over = millis.filter((each) => each === null || each > limitMillis);
  return over.length === 0
    ? []
    : [
        `${rule} within ${limitMillis / 1_000} s: ${over.length} of ${millis.length} did not, the longest ${longest(over)}`,
      ];
}

/** An attempt by name. */
function nameOf({ id, token }: JournalEntry): string {
  return `${id} ${token}`;
}
