import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a worker process notes down before and after it does something; lines survive a kill -9 of the process. */
export type JournalLine =
  | { readonly what: 'started' | 'returned'; readonly id: string; readonly token: string; readonly attempt: number }
  | { readonly what: 'accepted'; readonly id: string; readonly token: string; readonly status: 'SUCCEEDED' }
  | { readonly what: 'refused'; readonly id: string; readonly token: string; readonly reason: string };

/** A line of a journal, who wrote it, and when by `monotonicMillis`. */
export type JournalEntry = JournalLine & { readonly worker: string; readonly at: number };

/** Milliseconds by the machine's own steady clock: the same for all its processes, whatever they think the date is. */
export function monotonicMillis(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Opens a worker's journal for appending. */
export function openJournal(folder: string, worker: string): (line: JournalLine) => void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${worker}.jsonl`);
  return (line) => appendFileSync(path, `${JSON.stringify({ ...line, worker, at: monotonicMillis() })}\n`);
}

/** Everything that workers noted down, in the order of time. */
export function readJournals(folder: string): readonly JournalEntry[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder).flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    // The last line is empty, or cut off by a kill.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalEntry);
  });
  return entries.sort((a, b) => a.at - b.at);
}
