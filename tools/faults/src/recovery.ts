import type { JournalEntry } from './journal.ts';
import type { Load } from './task-load.ts';

/** That a task was given to a worker, by `monotonicMillis`. */
export interface Claim {
  readonly id: string;
  readonly at: number;
}

/** Less than a process takes to start again. */
const SIGNAL_TAKES_MS = 1_000;

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
  claims: readonly Claim[],
  created: Load['acknowledged'],
  faults: readonly Fault[],
  length: (from: number, to: number) => number = (from, to) => to - from,
): readonly (number | null)[] {
  const last = Math.max(0, ...[...created.values()].map(({ sentAt }) => sentAt));
  return faults
    .filter(({ at }) => at < last)
    .map(({ at }) => {
      const next = claims.find((claim) => claim.at > at);
      return next ? length(at, next.at) : null;
    });
}

/**
 * Milliseconds from the kill of a worker until what it was running was given to a worker again, one for each such attempt; null for
 * those that never were.
 */
export function rescues(
  journal: readonly JournalEntry[],
  claims: readonly Claim[],
  kills: readonly Fault[],
  length: (from: number, to: number) => number = (from, to) => to - from,
): readonly (number | null)[] {
  const returned = new Set(journal.filter(({ what }) => what === 'returned').map(nameOf));
  const starts = journal.filter(({ what }) => what === 'started');
  return starts.flatMap((start) => {
    if (returned.has(nameOf(start))) return [];
    // The signal comes a moment later than the decision, and work may have begun in between.
    const kill = kills.find(({ process, at }) => process === start.worker && at > start.at - SIGNAL_TAKES_MS);
    if (!kill) return [];
    const again = claims.find(({ id, at }) => id === start.id && at > start.at);
    return [again ? length(kill.at, again.at) : null];
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
function nameOf({ id, token, worker }: JournalEntry): string {
  return `${worker} ${id} ${token}`;
}
