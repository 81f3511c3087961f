import { setTimeout } from 'node:timers/promises';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import type { BusLogger } from './bus-logger.ts';
import { type NatsAddress, readAddress } from './nats-address.ts';

const RETRY_MS = 1_000;

/**
 * A connection to NATS that is kept up for ever: it is opened as soon as a server is there, and again whenever it breaks.
 */
export class NatsLink {
  readonly #logger: BusLogger;
  readonly #stopping = new AbortController();
  readonly #onBreak = new Set<() => void>();
  readonly #opened = Promise.withResolvers<NatsConnection>();
  #connection: NatsConnection | undefined;
  #up = false;

  constructor(address: NatsAddress, logger: BusLogger) {
    this.#logger = logger;
    this.#opened.promise.catch(() => undefined);
    void this.#open(readAddress(address));
  }

  /** The connection; undefined before the first server was reached. */
  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  /** Whether a server is connected now. */
  get isUp(): boolean {
    return this.#up && this.#connection !== undefined && !this.#connection.isClosed();
  }

  /** Resolves when a server was reached for the first time; rejects if the link is closed before. */
  opened(): Promise<NatsConnection> {
    return this.#opened.promise;
  }

  /** Calls back whenever the connection breaks; the returned function ends that. */
  onBreak(callback: () => void): () => void {
    this.#onBreak.add(callback);
    return () => this.#onBreak.delete(callback);
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#up = false;
    this.#opened.reject(new Error('the connection to NATS was closed'));
    const connection = this.#connection;
    if (!connection || connection.isClosed()) return;
    // What was acknowledged to the server just now should reach it; without a server there is none to wait for.
    const flushed = connection.flush().catch(() => undefined);
    await Promise.race([flushed, setTimeout(RETRY_MS, undefined, { ref: false })]);
    await connection.close();
  }

  async #open(options: ConnectionOptions): Promise<void> {
    const servers = options.servers;
    for (let failures = 0; !this.#stopping.signal.aborted; failures++) {
      try {
        const connection = await connect(options);
        if (this.#stopping.signal.aborted) {
          await connection.close();
          return;
        }
        this.#connection = connection;
        this.#up = true;
        this.#logger.info('connected to NATS', { server: connection.getServer(), version: connection.info?.version });
        void this.#watch(connection);
        this.#opened.resolve(connection);
        return;
      } catch (error) {
        if (failures % 60 === 0) this.#logger.warn('NATS cannot be reached; trying again', { servers, error });
        await setTimeout(RETRY_MS, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      }
    }
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        this.#up = false;
        this.#logger.warn('the connection to NATS broke; connecting again', { server: status.server });
        for (const callback of this.#onBreak) callback();
      } else if (status.type === 'reconnect') {
        this.#up = true;
        this.#logger.info('connected to NATS again', { server: status.server });
      } else if (status.type === 'error') {
        this.#logger.warn('NATS reports an error', { error: status.error });
      }
    }
    this.#up = false;
    for (const callback of this.#onBreak) callback();
  }
}
