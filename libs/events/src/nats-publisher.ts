import { createInbox, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { type OrreryEvent, subjectOf } from '@orrery/core';
import { MESSAGE_ID, toCloudEvent } from './cloud-event.ts';
import { subjectFor } from './subjects.ts';

/** A message is stored only if the one before it in the stream has this id. */
const AFTER_MESSAGE_ID = 'Nats-Expected-Last-Msg-Id';

/** With one server only the last of so many messages of a chain is acknowledged: 65,000/s, where an answer to each makes 14,000/s. */
const CHAIN_LINKS = 500;

/** How many messages may be under way. */
const MAX_UNDER_WAY = 4_000;

/** How long to wait for the next acknowledgement. */
const ACK_TIMEOUT_MS = 5_000;

const BROKEN = 'the connection to NATS broke';

interface Message {
  /** What its order counts within. */
  readonly subject: string;
  readonly event: OrreryEvent;
}

/** Something was not stored, or it is not known whether it was. */
export class PublishError extends Error {
  override readonly name = 'PublishError';
}

/**
 * Publishes in order. On a single server messages form a chain: each names the one it must follow, so an acknowledged link proves
 * all before it, and nothing is stored behind a gap. Where that does not work out (others publish too, a part is there already) or
 * the stream has replicas, every message is acknowledged, and one waits for the one before it of the same subject.
 */
export class NatsPublisher {
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox();
  readonly #waiting = new Map<string, (outcome: AckOutcome) => void>();
  #next = 0;
  #broken = false;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (_error, message) => this.#answer(message.subject, readAck(message)),
    });
  }

  /** Nothing that is under way will be answered any more, and nothing can be published by this call. */
  connectionBroke(): void {
    this.#broken = true;
    this.#failAll(BROKEN);
  }

  /** Publishes all; throws a PublishError if that is not certain. Not to be called again before it has ended. */
  async publish(events: readonly OrreryEvent[], { chained }: { readonly chained: boolean }): Promise<void> {
    this.#broken = false;
    const messages = events.map((event) => ({
      event,
      subject: `${event.namespace}\n${event.noun}\n${subjectOf(event)}`,
    }));
    const stored = chained ? await this.#publishChained(messages) : 0;
    if (stored < messages.length) await this.#publishEach(messages.slice(stored));
  }

  /** Returns how many are certainly stored. */
  async #publishChained(messages: readonly Message[]): Promise<number> {
    let stored = 0;
    let broken = false;
    let previous = '';
    const links: Promise<void>[] = [];
    for (let start = 0; start < messages.length && !broken; start += CHAIN_LINKS) {
      const end = Math.min(start + CHAIN_LINKS, messages.length);
      for (const message of messages.slice(start, end - 1)) previous = this.#send(message, previous);
      const last = messages[end - 1];
      if (!last) break;
      const { reply, ack } = this.#expectAck();
      previous = this.#send(last, previous, reply);
      links.push(
        ack.then((outcome) => {
          // A duplicate says that the last one is there, not what is before it.
          if (broken || outcome !== 'stored') broken = true;
          else stored = end;
        }),
      );
      if (links.length * CHAIN_LINKS >= MAX_UNDER_WAY) await links.shift();
    }
    await Promise.all(links);
    return stored;
  }

  async #publishEach(messages: readonly Message[]): Promise<void> {
    const underWay = new Map<string, Promise<void>>();
    let failure: unknown;
    for (const message of messages) {
      while (underWay.size >= MAX_UNDER_WAY) await underWay.values().next().value;
      await underWay.get(message.subject);
      if (failure !== undefined) break;
      const { reply, ack } = this.#expectAck();
      this.#send(message, '', reply);
      underWay.set(
        message.subject,
        ack.then((outcome) => {
          underWay.delete(message.subject);
          if (typeof outcome === 'object') failure ??= outcome;
        }),
      );
    }
    await Promise.all(underWay.values());
    if (failure !== undefined) throw failure as Error;
  }

  #send({ event }: Message, previous: string, reply = ''): string {
    const { headers: attributes, body } = toCloudEvent(event);
    const head = headers();
    let id = '';
    for (const [name, value] of attributes) {
      head.append(name, value);
      if (name === MESSAGE_ID) id = value;
    }
    if (previous !== '') head.append(AFTER_MESSAGE_ID, previous);
    this.#connection.publish(subjectFor(event), body, { headers: head, reply });
    return id;
  }

  #expectAck(): { readonly reply: string; readonly ack: Promise<AckOutcome> } {
    const reply = `${this.#inbox}.${this.#next++}`;
    if (this.#broken) return { reply, ack: Promise.resolve(new PublishError(BROKEN)) };
    const ack = new Promise<AckOutcome>((resolve) => this.#waiting.set(reply, resolve));
    this.#watchdog ??= this.#startWatchdog();
    return { reply, ack };
  }

  #answer(reply: string, outcome: AckOutcome): void {
    this.#waiting.get(reply)?.(outcome);
    this.#waiting.delete(reply);
    if (this.#waiting.size > 0) this.#watchdog?.refresh();
    else this.#stopWatchdog();
  }

  #startWatchdog(): NodeJS.Timeout {
    return setTimeout(() => this.#failAll(`NATS acknowledged nothing for ${ACK_TIMEOUT_MS} ms`), ACK_TIMEOUT_MS);
  }

  #stopWatchdog(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
  }

  #failAll(message: string): void {
    this.#stopWatchdog();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const resolve of waiting) resolve(new PublishError(message));
  }
}

type AckOutcome = 'stored' | 'duplicate' | PublishError;

function readAck(message: Msg): AckOutcome {
  if (message.headers?.code === 503) return new PublishError('no stream on NATS takes the event');
  try {
    const { error, stream, duplicate } = message.json<{
      error?: { description?: string };
      stream?: string;
      duplicate?: boolean;
    }>();
    if (error) return new PublishError(`NATS refuses the event: ${error.description ?? 'it does not say why'}`);
    if (stream === undefined) return new PublishError('the acknowledgement names no stream');
    return duplicate === true ? 'duplicate' : 'stored';
  } catch (cause) {
    return new PublishError('the acknowledgement cannot be read', { cause });
  }
}
