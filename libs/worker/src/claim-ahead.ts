import { Duration } from '@orrery/duration';
import type { Timers } from '@orrery/rpc';
import type { LeaseTable } from './lease-table.ts';

/** How long a task that was claimed ahead waits for a slot before it is handed back. */
const PATIENCE = Duration.ofSeconds(2);
/** Handlers that take less than this are worth claiming ahead for, in milliseconds. */
const QUICK_MS = 500;

/**
 * Sees to it that claiming ahead serves quick handlers and does no harm with slow ones: tasks that wait too long for a slot are
 * handed back, so that another worker can run them, and nothing is claimed ahead until a handler has been quick again.
 */
export class ClaimAhead {
  readonly #table: LeaseTable;
  readonly #timers: Timers;
  readonly #handBack: () => void;
  #cancelAlarm: (() => void) | null = null;

  constructor(table: LeaseTable, timers: Timers, handBack: () => void) {
    this.#table = table;
    this.#timers = timers;
    this.#handBack = handBack;
  }

  /** Leases have come, or were started: begins to count how long the first of those that are left waits. */
  watch(): void {
    if (this.#cancelAlarm) return;
    const first = this.#table.firstReady;
    if (!first) return;
    const left = first.since + PATIENCE.toMillis() - this.#timers.monotonicMillis();
    this.#cancelAlarm = this.#timers.after(Duration.ofMillis(Math.max(1, Math.ceil(left))), () => this.#look());
  }

  /** A handler has ended that was started at this time, by the monotonic clock. */
  ended(startedAt: number): void {
    if (this.#timers.monotonicMillis() - startedAt < QUICK_MS) this.#table.claimsAhead = true;
  }

  /** Counts no more. */
  stop(): void {
    this.#cancelAlarm?.();
    this.#cancelAlarm = null;
  }

  #look(): void {
    this.#cancelAlarm = null;
    const first = this.#table.firstReady;
    if (first && this.#timers.monotonicMillis() - first.since >= PATIENCE.toMillis()) {
      this.#table.claimsAhead = false;
      this.#handBack();
    }
    this.watch();
  }
}
