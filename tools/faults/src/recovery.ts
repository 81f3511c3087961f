import type { JournalEntry } from './journal.ts';
import type { Load } from './task-load.ts';

/** When a process was killed or cut off, by `monotonicMillis`. */
export interface Fault {
  readonly process: string;
  readonly at: number;
}

/**
 * Milliseconds from each fault until a task started that was created after it, and so was claimed after it; null if none did.
 * Faults after the last creation are left out. `length` measures the time from one instant to another; by default all of it counts.
 */
export function nextStarts(
  journal: readonly JournalEntry[],
  created: Load['acknowledged'],
  faults: readonly Fault[],
  length: (from: number, to: number) => number = (from, to) => to - from,
): readonly (number | null)[] {
  const last = Math.max(0, ...[...created.values()].map(({ sentAt }) => sentAt));
  const starts = journal.filter(({ what }) => what === 'started');
  return faults
    .filter(({ at }) => at < last)
    .map(({ at }) => {
      const next = starts.find((start) => start.at > at && (created.get(start.id)?.sentAt ?? 0) > at);
      return next ? length(at, next.at) : null;
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
    const running = new Map<string, JournalEntry>();
    for (const entry of journal) {
      if (entry.at >= at) break;
      if (entry.worker !== process) continue;
      if (entry.what === 'started') running.set(entry.id, entry);
      if (entry.what === 'returned') running.delete(entry.id);
    }
    // What an earlier kill had interrupted is that one's.
    const earlier = Math.max(
      0,
      ...kills.filter((kill) => kill.process === process && kill.at < at).map((kill) => kill.at),
    );
    const interrupted = [...running.values()].filter((start) => start.at > earlier);
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
