import { type Duration } from '@orrery/duration';
import type { Timers } from './timers.ts';

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

/** Timers for specs: time stands still until `advance` is called. */
export class ManualTimers implements Timers {
  #now = 0;
  #alarms: Alarm[] = [];
  #watchers: { readonly wait: number; readonly resolve: () => void }[] = [];

  monotonicMillis(): number {
    return this.#now;
  }

  after(wait: Duration, run: () => void): () => void {
    const alarm = { at: this.#now + wait.toMillis(), run };
    this.#alarms.push(alarm);
    const set = wait.toMillis();
    this.#watchers = this.#watchers.filter((watcher) => {
      if (watcher.wait !== set) return true;
      watcher.resolve();
      return false;
    });
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  soon(run: () => void): void {
    setImmediate(run);
  }

  /** How long until each alarm that is set goes off, in milliseconds, soonest first. */
  get pending(): readonly number[] {
    return this.#alarms.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Resolves as soon as somebody waits for exactly so long from now. */
  isAwaited(wait: Duration): Promise<void> {
    const millis = wait.toMillis();
    if (this.pending.includes(millis)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ wait: millis, resolve }));
  }

  /** Lets time pass as soon as somebody waits for exactly so long. */
  async elapse(wait: Duration): Promise<void> {
    await this.isAwaited(wait);
    this.advance(wait);
  }

  /** Lets time pass: every alarm that falls due goes off, in order. */
  advance(by: Duration): void {
    const until = this.#now + by.toMillis();
    for (let alarm = this.#next(until); alarm; alarm = this.#next(until)) {
      this.#now = Math.max(this.#now, alarm.at);
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
      alarm.run();
    }
    this.#now = until;
  }

  #next(until: number): Alarm | undefined {
    return this.#alarms.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
  }
}
