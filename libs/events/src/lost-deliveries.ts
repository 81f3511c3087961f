import { setTimeout } from 'node:timers/promises';
import type { Consumer } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Duration } from '@orrery/duration';

/** How often to look whether what was lost has come again. */
const LOOK_EVERY = Duration.ofMillis(250);

/** A consumer that several processes share skips numbers all the time: the server is not asked about each. */
const ASK_AT_MOST_EVERY_MS = 1_000;

/** What is needed to notice lost deliveries. */
export interface LostDeliveriesParts {
  readonly consumer: Pick<Consumer, 'info'>;
  readonly connection: Pick<NatsConnection, 'info'>;
  /** How many deliveries this process has and has not acknowledged. */
  readonly held: () => number;
  /** How long to wait for what was lost: the server sends it again after the consumer's `ack_wait`. */
  readonly patience: Duration;
  readonly signal: AbortSignal;
}

/**
 * Notices deliveries that never arrived: those on their way when a server was killed or a connection broke. Later ones do arrive, and
 * what was lost comes again only after a while; until then nothing may be handled, or it would be overtaken. Deliveries are numbered,
 * so a number that does not follow the last one tells; unless other processes share the consumer, which take numbers too. So it
 * counts only if a server or the connection has changed since it last counted.
 */
export class LostDeliveries {
  readonly #parts: LostDeliveriesParts;
  #last = 0;
  #epoch: string | null = null;
  #askedAt = -Infinity;

  constructor(parts: LostDeliveriesParts) {
    this.#parts = parts;
  }

  /** Takes the number of a delivery. If some before it may be lost: resolves when they have come again, or will not. */
  noticedBy(deliverySequence: number): Promise<void> | null {
    const follows = deliverySequence === this.#last + 1;
    const isFirst = this.#last === 0;
    this.#last = deliverySequence;
    if (isFirst) return this.#remember();
    if (follows) return null;
    const sameConnection = this.#epoch?.endsWith(this.#connectionId()) ?? false;
    if (sameConnection && performance.now() - this.#askedAt < ASK_AT_MOST_EVERY_MS) return null;
    return this.#waitForThem();
  }

  async #remember(): Promise<void> {
    this.#epoch = await this.#ask().then(
      ({ epoch }) => epoch,
      () => null,
    );
  }

  async #waitForThem(): Promise<void> {
    const { patience, held, signal } = this.#parts;
    const until = performance.now() + patience.toMillis();
    const before = this.#epoch;
    while (!signal.aborted && performance.now() < until) {
      const now = await this.#ask().catch(() => null);
      if (now?.epoch === before) return;
      if (now && now.pending <= held()) {
        this.#epoch = now.epoch;
        return;
      }
      await setTimeout(LOOK_EVERY.toMillis(), undefined, { signal }).catch(() => undefined);
    }
    // Others have them, or they are gone: later gaps are looked at anew.
    await this.#remember();
  }

  /** How many deliveries nobody has acknowledged, and who leads the consumer over which connection. */
  async #ask(): Promise<{ readonly pending: number; readonly epoch: string }> {
    this.#askedAt = performance.now();
    const info = await this.#parts.consumer.info();
    return { pending: info.num_ack_pending, epoch: `${info.cluster?.leader ?? ''} ${this.#connectionId()}` };
  }

  #connectionId(): string {
    const info = this.#parts.connection.info;
    return `${info?.server_id} ${info?.client_id}`;
  }
}
