import type { NatsConnection } from '@nats-io/transport-node';
import { type EventBus, eventType, type OrreryEvent, type Subscription } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { BusLogger } from './bus-logger.ts';
import { fromCloudEvent } from './cloud-event.ts';
import type { NatsAddress } from './nats-address.ts';
import { NatsLink } from './nats-connection.ts';
import { startNatsConsumer } from './nats-consumer.ts';
import { NatsPublisher, PublishError } from './nats-publisher.ts';
import { NatsStreams, type StreamSettings } from './nats-stream.ts';
import { subjectsOf } from './subjects.ts';

/** A bus on NATS. */
export interface NatsBusOptions extends NatsAddress, StreamSettings {
  readonly logger: BusLogger;
  /** How often an event is given to a consumer before it is set aside. Default 10. */
  readonly maxDeliveries?: number | undefined;
  /** How long NATS waits for a sign of life from a consumer before it gives its events to another. Default 30 s. */
  readonly ackWait?: Duration | undefined;
  /** How long to wait after so many failures of a handler. Default: 0.1 s doubling up to 30 s. */
  readonly pause?: ((failures: number) => Duration) | undefined;
}

/** How long the opening waits for the first server; without one the bus goes on trying by itself. */
const FIRST_SERVER_MS = 3_000;

/**
 * Opens a bus on NATS JetStream. Resolves also when no server can be reached: until there is one, publishing fails at once, and
 * consumers and listeners wait.
 */
export async function openNatsBus(options: NatsBusOptions): Promise<EventBus> {
  const bus = new NatsBus(options);
  await bus.firstTry();
  return bus;
}

class NatsBus implements EventBus {
  readonly #options: NatsBusOptions;
  readonly #link: NatsLink;
  readonly #ready: Promise<Ready>;
  readonly #subscriptions = new Set<Subscription>();
  #publishing: Promise<void> = Promise.resolve();
  #streamsAreThere = false;
  #hasReported = false;

  constructor(options: NatsBusOptions) {
    this.#options = options;
    this.#link = new NatsLink(options, options.logger);
    this.#ready = this.#link.opened().then((connection) => this.#setUp(connection));
    this.#ready.catch(() => undefined);
  }

  async firstTry(): Promise<void> {
    const timer = new AbortController();
    const first = this.#ready.then(
      () => this.#ensureStreams(),
      () => undefined,
    );
    first.catch((error: unknown) => this.#options.logger.warn('the streams on NATS cannot be made yet', { error }));
    const late = new Promise<void>((resolve) => {
      const waiting = setTimeout(resolve, FIRST_SERVER_MS);
      timer.signal.addEventListener('abort', () => clearTimeout(waiting));
    });
    await Promise.race([first.catch(() => undefined), late]);
    timer.abort();
  }

  publish(events: readonly OrreryEvent[]): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    // One after the other: two at a time would be out of order.
    const done = this.#publishing.then(() => this.#publish(events));
    this.#publishing = done.catch(() => undefined);
    return done;
  }

  async consume(
    { name, types }: { readonly name: string; readonly types: readonly string[] },
    handle: (events: readonly OrreryEvent[]) => Promise<void>,
  ): Promise<Subscription> {
    const { logger, maxDeliveries, ackWait, pause } = this.#options;
    const streams = async (): Promise<NatsStreams> => (await this.#ready).streams;
    const connection = (): Promise<NatsConnection> => this.#link.opened();
    const consumer = { name, types, handle, connection, streams, logger, maxDeliveries, ackWait, pause };
    return this.#keep(startNatsConsumer(consumer));
  }

  async listen(types: readonly string[], hear: (events: readonly OrreryEvent[]) => void): Promise<Subscription> {
    let stopped = false;
    const wanted = new Set(types);
    const subscribe = async (): Promise<readonly { unsubscribe(): void }[]> => {
      const connection = await this.#link.opened();
      if (stopped) return [];
      const gather = gatherInTurn(hear, this.#options.logger);
      return subjectsOf(types).map((subject) =>
        connection.subscribe(subject, {
          callback: (_error, message) => {
            const event = readEvent(message);
            if (event && wanted.has(eventType(event))) gather(event);
          },
        }),
      );
    };
    const subscribed = subscribe();
    subscribed.catch(() => undefined);
    if (this.#link.isUp) await (await this.#link.opened()).flush();
    return this.#keep({
      stop: async () => {
        stopped = true;
        if (this.#link.connection) for (const each of await subscribed) each.unsubscribe();
      },
    });
  }

  isConnected(): boolean {
    return this.#link.isUp;
  }

  async close(): Promise<void> {
    const subscriptions = [...this.#subscriptions].map((subscription) => subscription.stop());
    // Without a server a consumer may wait for its connection; closing ends that.
    if (this.#link.isUp) await Promise.all(subscriptions);
    await this.#link.close();
    await Promise.all(subscriptions);
  }

  async #publish(events: readonly OrreryEvent[]): Promise<void> {
    if (!this.#link.isUp) throw new PublishError('NATS cannot be reached');
    const { publisher, streams } = await this.#ready;
    if (!this.#streamsAreThere) await this.#ensureStreams();
    try {
      await publisher.publish(events, { chained: streams.isSingle });
    } catch (error) {
      // Perhaps the stream was deleted; the next try makes it again.
      this.#streamsAreThere = false;
      throw error;
    }
  }

  async #ensureStreams(): Promise<void> {
    const { streams } = await this.#ready;
    const manager = await streams.ensure();
    this.#streamsAreThere = true;
    if (this.#hasReported) return;
    this.#hasReported = true;
    await streams.reportWeaknesses(manager);
  }

  #setUp(connection: NatsConnection): Ready {
    const publisher = new NatsPublisher(connection);
    this.#link.onBreak(() => publisher.connectionBroke());
    return { publisher, streams: new NatsStreams(connection, this.#options, this.#options.logger) };
  }

  #keep(subscription: Subscription): Subscription {
    const kept = {
      stop: async () => {
        this.#subscriptions.delete(kept);
        await subscription.stop();
      },
    };
    this.#subscriptions.add(kept);
    return kept;
  }
}

interface Ready {
  readonly publisher: NatsPublisher;
  readonly streams: NatsStreams;
}

/** Tells of everything that arrives in one turn of the event loop at once. */
function gatherInTurn(hear: (events: readonly OrreryEvent[]) => void, logger: BusLogger): (event: OrreryEvent) => void {
  let events: OrreryEvent[] = [];
  return (event) => {
    if (events.push(event) > 1) return;
    setImmediate(() => {
      const heard = events;
      events = [];
      try {
        hear(heard);
      } catch (error) {
        logger.error('a listener failed', { events: heard.length, error });
      }
    });
  };
}

/** Somebody else may publish on the same subjects; what is no event of ours is not heard. */
function readEvent(message: {
  headers?: { get(name: string): string } | undefined;
  string(): string;
}): OrreryEvent | undefined {
  try {
    return fromCloudEvent((name) => message.headers?.get(name) ?? '', message.string());
  } catch {
    return undefined;
  }
}
