import { Duration } from '@orrery/duration';
import type { Timers } from './timers.ts';

interface Alarm {
  readonly at: number;
  readonly run: () => void;
}

/** Timers for specs: time stands still until `advance` is called. */
export class ManualTimers implements Timers {
  #now = 0;
  #alarms: Alarm[] = [];
  #watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  monotonicMillis(): number {
    return this.#now;
  }

  after(wait: Duration, run: () => void): () => void {
    const alarm = { at: this.#now + wait.toMillis(), run };
    this.#alarms.push(alarm);
    this.#watchers = this.#watchers.filter(({ count, resolve }) => {
      if (this.#alarms.length < count) return true;
      resolve();
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

  /** Resolves once at least so many alarms are set. */
  waitForAlarms(count: number): Promise<void> {
    if (this.#alarms.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ count, resolve }));
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
