import { EVENT_TYPES, type EventBus, type EventLog, type Subscription } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { type Logger, type Loop, startLoop } from '@orrery/service';

/** How often to look for events without being told of any. */
const INTERVAL = Duration.ofSeconds(1);

/** How many batches one look puts in order. */
const BATCHES = 1_000;

/** Tells those who follow the event log that there may be something new. Does nothing while nobody follows. */
export class EventFeed {
  readonly #deps: FeedDeps;
  readonly #followers = new Set<() => void>();
  #loop: Loop | undefined;
  #listening: Promise<Subscription | undefined> = Promise.resolve(undefined);

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** Calls back whenever there may be something new; the returned function ends that. */
  follow(callback: () => void): () => void {
    this.#followers.add(callback);
    if (this.#followers.size === 1) this.#begin();
    return () => {
      if (this.#followers.delete(callback) && this.#followers.size === 0) void this.stop();
    };
  }

  /** Ends what runs behind it. */
  async stop(): Promise<void> {
    const [loop, listening] = [this.#loop, this.#listening];
    this.#loop = undefined;
    this.#listening = Promise.resolve(undefined);
    await Promise.all([loop?.stop(), listening.then((subscription) => subscription?.stop())]);
  }

  #begin(): void {
    const { events, bus, logger } = this.#deps;
    // The scheduler puts events in order; while it is down, whoever follows them still sees what is created.
    const runOnce = async (): Promise<'again' | 'idle'> => {
      const count = await events.sequence(BATCHES);
      for (const follower of this.#followers) follower();
      return count >= BATCHES ? 'again' : 'idle';
    };
    this.#loop = startLoop({ name: 'event-feed', interval: INTERVAL, runOnce, logger });
    const listening = bus?.listen(EVENT_TYPES, () => {
      for (const follower of this.#followers) follower();
    });
    this.#listening = Promise.resolve(listening).catch(() => undefined);
  }
}

interface FeedDeps {
  readonly events: EventLog;
  readonly bus: Pick<EventBus, 'listen'> | null;
  readonly logger: Logger;
}
