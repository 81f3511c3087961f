import { setTimeout } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type Consumer, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import { headers, nanos, type NatsConnection } from '@nats-io/transport-node';
import { type OrreryEvent, type Subscription } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { BusLogger } from './bus-logger.ts';
import { fromCloudEvent, MESSAGE_ID } from './cloud-event.ts';
import { DEFAULT_MAX_DELIVERIES, deliver, type HandleEvents, pauseAfter } from './deliver.ts';
import { LostDeliveries } from './lost-deliveries.ts';
import { type NatsStreams, olderThan } from './nats-stream.ts';
import { deadLetterSubject, subjectAround, subjectsOf } from './subjects.ts';

/** How long the server waits for an acknowledgement, or a sign of life, before it gives an event to somebody else. */
const ACK_WAIT = Duration.ofSeconds(30);

/** How many events are held at a time; a slow handler gets no more. */
const MAX_HELD = 1_000;

/** How many events one call of the handler gets at most. */
const MAX_BATCH = 256;

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** What a durable consumer is made of. */
export interface NatsConsumerParts {
  readonly name: string;
  readonly types: readonly string[];
  readonly handle: HandleEvents;
  readonly connection: () => Promise<NatsConnection>;
  readonly streams: () => Promise<NatsStreams>;
  readonly logger: BusLogger;
  readonly maxDeliveries?: number | undefined;
  readonly ackWait?: Duration | undefined;
  readonly pause?: ((failures: number) => Duration) | undefined;
}

interface Held {
  readonly message: JsMsg;
  readonly event: OrreryEvent;
}

/** Consumes under a name until it is stopped, through every outage of the server. Throws if the name cannot be one. */
export function startNatsConsumer(parts: NatsConsumerParts): Subscription {
  if (!NAME.test(parts.name))
    throw new RangeError(`a consumer's name is letters, digits, "_" and "-", not "${parts.name}"`);
  const consumer = new NatsConsumer(parts);
  const ended = consumer.run();
  return {
    async stop() {
      consumer.stop();
      await ended;
    },
  };
}

class NatsConsumer {
  readonly #parts: NatsConsumerParts;
  readonly #stopping = new AbortController();
  readonly #ackWait: Duration;
  /** By place in the stream: what comes again while it is here is not handled twice. */
  readonly #held = new Map<number, Held>();
  #queue: Held[] = [];
  #arrived = Promise.withResolvers<void>();
  /** What is to be waited for before more is handled. */
  #inOrder: Promise<void> = Promise.resolve();

  constructor(parts: NatsConsumerParts) {
    this.#parts = parts;
    this.#ackWait = parts.ackWait ?? ACK_WAIT;
  }

  stop(): void {
    this.#stopping.abort();
    this.#arrived.resolve();
  }

  async run(): Promise<void> {
    const working = setInterval(() => this.#stillWorking(), this.#ackWait.toMillis() / 3);
    const handling = this.#handleAll();
    const { logger, name } = this.#parts;
    for (let failures = 0; !this.#stopping.signal.aborted;) {
      try {
        await this.#receive();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (this.#stopping.signal.aborted) break;
        logger.warn('consuming from NATS broke off; beginning again', { consumer: name, error });
        await this.#sleep(pauseAfter(failures));
      }
    }
    await handling;
    clearInterval(working);
    // What is held and not handled goes to whoever consumes next, at once.
    for (const { message } of [...this.#held.values()].reverse()) message.nak();
  }

  /** Receives until the consumer or its stream is gone, or it is stopped. */
  async #receive(): Promise<void> {
    const connection = await this.#parts.connection();
    const streams = await this.#parts.streams();
    const consumer = await this.#ensure(await streams.ensure(), streams, connection);
    await this.#letRedeliveriesComeFirst(consumer);
    const lost = new LostDeliveries({
      consumer,
      connection,
      held: () => this.#held.size,
      patience: this.#ackWait.plus(Duration.ofSeconds(5)),
      signal: this.#stopping.signal,
    });
    const messages = await consumer.consume({
      max_messages: MAX_BATCH,
      expires: 10_000,
      abort_on_missing_resource: true,
      callback: (message) => {
        const missing = lost.noticedBy(message.info.deliverySequence);
        if (missing) this.#inOrder = Promise.all([this.#inOrder, missing]).then(() => this.#sort());
        this.#take(message);
      },
    });
    const stop = (): void => messages.stop();
    this.#stopping.signal.addEventListener('abort', stop);
    if (this.#stopping.signal.aborted) stop();
    const error = await messages.closed();
    this.#stopping.signal.removeEventListener('abort', stop);
    if (error instanceof Error) throw error;
  }

  async #ensure(manager: JetStreamManager, streams: NatsStreams, connection: NatsConnection): Promise<Consumer> {
    const { name, types } = this.#parts;
    // Servers before 2.10 filter by one subject only; what it lets through beyond the types is passed over here.
    const several = types.length > 1 && !olderThan(connection.info?.version ?? '', 2, 10);
    const around = subjectAround(types);
    const filter = several
      ? { filter_subjects: [...subjectsOf(types)] }
      : around !== undefined && { filter_subject: around };
    await manager.consumers.add(streams.name, {
      durable_name: name,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(this.#ackWait.toMillis()),
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: MAX_HELD,
      // How often is counted here, so that what is given up is set aside and not just forgotten.
      max_deliver: -1,
      ...filter,
    });
    return manager.jetstream().consumers.get(streams.name, name);
  }

  /**
   * What a process held when it died comes again only after a while, and later events would overtake it. While another process
   * consumes under the same name this waits for nothing, but not longer than that while.
   */
  async #letRedeliveriesComeFirst(consumer: Consumer): Promise<void> {
    for (let waited = 0; waited < this.#ackWait.toMillis() && !this.#stopping.signal.aborted; waited += 250) {
      const { num_ack_pending: held, num_waiting: others } = await consumer.info();
      if (held === 0 || others > 0) return;
      await this.#sleep(Duration.ofMillis(250));
    }
  }

  #take(message: JsMsg): void {
    const wanted = this.#parts.types.includes(message.headers?.get('ce-type') ?? '');
    if (!wanted) return message.ack();
    try {
      const event = fromCloudEvent((name) => message.headers?.get(name) ?? '', message.string());
      const known = this.#held.get(message.seq);
      const held = { message, event };
      if (known) this.#queue = this.#queue.map((item) => (item === known ? held : item));
      else this.#queue.push(held);
      this.#held.set(message.seq, held);
      this.#arrived.resolve();
    } catch (error) {
      this.#parts.logger.error('an event is set aside: it cannot be read', { subject: message.subject, error });
      void this.#bury(message, error).catch(() => undefined);
    }
  }

  async #handleAll(): Promise<void> {
    const { name, handle, logger, maxDeliveries = DEFAULT_MAX_DELIVERIES, pause } = this.#parts;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#inOrder;
      const [first] = this.#queue;
      if (!first) {
        this.#arrived = Promise.withResolvers();
        if (!signal.aborted) await this.#arrived.promise;
        continue;
      }
      const setAside = (item: Held, error: unknown): Promise<void> => this.#setAside(item, error);
      // An event that ended its process again and again is at the head of what comes again.
      if (first.message.info.deliveryCount > maxDeliveries) {
        logger.error('an event is set aside: whoever had it never acknowledged it', { consumer: name });
        await setAside(first, new Error(`was delivered ${first.message.info.deliveryCount} times`));
        continue;
      }
      const size = first.message.info.deliveryCount > 1 ? 1 : MAX_BATCH;
      await deliver(this.#queue.slice(0, size), {
        consumer: name,
        maxDeliveries,
        handle,
        done: (items) => this.#done(items),
        setAside,
        logger,
        signal,
        pause,
      });
    }
  }

  /** What was lost on its way comes again after what followed it. */
  #sort(): void {
    this.#queue = this.#queue.toSorted((a, b) => a.message.seq - b.message.seq);
  }

  #done(items: readonly Held[]): void {
    for (const item of items) {
      this.#held.get(item.message.seq)?.message.ack();
      this.#held.delete(item.message.seq);
    }
    const seqs = new Set(items.map((item) => item.message.seq));
    this.#queue = this.#queue.filter((item) => !seqs.has(item.message.seq));
  }

  async #setAside(item: Held, error: unknown): Promise<void> {
    for (let failures = 1; !this.#stopping.signal.aborted; failures++) {
      try {
        await this.#bury(this.#held.get(item.message.seq)?.message ?? item.message, error);
        this.#held.delete(item.message.seq);
        this.#queue = this.#queue.filter((other) => other.message.seq !== item.message.seq);
        return;
      } catch (problem) {
        this.#parts.logger.warn('a dead letter cannot be written yet', { consumer: this.#parts.name, error: problem });
        await this.#sleep(pauseAfter(failures));
      }
    }
  }

  /** Writes the dead letter, then takes the event out of the consumer. */
  async #bury(message: JsMsg, error: unknown): Promise<void> {
    const streams = await this.#parts.streams();
    const head = headers();
    for (const [name, values] of message.headers ?? []) {
      // What the server was told about the first storing must not hold for this one.
      if (!name.startsWith('Nats-')) for (const value of values) head.append(name, value);
    }
    head.set(MESSAGE_ID, `${this.#parts.name}/${message.headers?.get(MESSAGE_ID) ?? message.seq}`);
    head.set('Orrery-Consumer', this.#parts.name);
    head.set('Orrery-Subject', message.subject);
    head.set('Orrery-Deliveries', String(message.info.deliveryCount));
    head.set('Orrery-Error', encodeURIComponent(String(error).slice(0, 1_000).toWellFormed()));
    const manager = await streams.ensure();
    await manager.jetstream().publish(deadLetterSubject(this.#parts.name), message.data, { headers: head });
    message.term();
  }

  #stillWorking(): void {
    for (const { message } of this.#held.values()) message.working();
  }

  async #sleep(pause: Duration): Promise<void> {
    await setTimeout(pause.toMillis(), undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
