import type { Clock } from '@orrery/core';
import type { Duration } from '@orrery/duration';

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #millis: number;

  constructor(start: Date = new Date('2026-03-01T12:00:00.000Z')) {
    this.#millis = start.getTime();
  }

  now(): Date {
    return new Date(this.#millis);
  }

  /** Moves to an instant. */
  set(instant: Date): void {
    this.#millis = instant.getTime();
  }

  /** Moves on by a length of time, and says what time it then is. */
  advance(by: Duration): Date {
    this.set(by.addTo(this.now()));
    return this.now();
  }
}
