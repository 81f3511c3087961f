import type { OrreryEvent } from './event.ts';

/**
 * Where events go, and where others hear of them. Each event is told at least once, and for each subject in order; one that is told
 * again has the same id (`eventId`).
 */
export interface EventBus {
  /** Tells of events, in order. Resolves when the bus has them for good; on failure, publish all of them again. */
  publish(events: readonly OrreryEvent[]): Promise<void>;

  /**
   * Consumes events for good: each goes to one of the processes that consume under the same name, also those that were told while
   * none did. A batch whose handler throws comes again; an event that keeps failing is set aside (dead-lettered) and reported.
   */
  consume(
    consumer: { readonly name: string; readonly types: readonly string[] },
    handle: (events: readonly OrreryEvent[]) => Promise<void>,
  ): Promise<Subscription>;

  /** Hears of events from now on, as long as all goes well: what is missed is not told again. */
  listen(types: readonly string[], hear: (events: readonly OrreryEvent[]) => void): Promise<Subscription>;

  /** Whether the bus can be reached. */
  isConnected(): boolean;

  /** Ends all subscriptions and connections. */
  close(): Promise<void>;
}

/** Something that goes on until it is stopped. */
export interface Subscription {
  /** Resolves when no handler runs any more. */
  stop(): Promise<void>;
}
