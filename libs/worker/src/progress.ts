import type { Outcome } from './outcome.ts';

/** Counts what a worker has done since it started. */
export class Progress {
  succeeded = 0;
  failed = 0;
  lastFinishAt: Date | null = null;

  /** Notes what came of an attempt. */
  note(outcome: Outcome, now: Date): void {
    if (outcome.kind === 'released') return;
    if (outcome.kind === 'completed') this.succeeded += 1;
    else this.failed += 1;
    this.lastFinishAt = now;
  }
}
