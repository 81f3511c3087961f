import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueueRef, Store } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLocalBus } from '@orrery/events';
import type { Logger } from '@orrery/rpc';
import { serve } from '@orrery/service';
import { createStandalone } from '@orrery/standalone';
import { serviceLogger } from './service-logger.ts';
import { openStorage } from './storage.ts';

const MAX_PAYLOAD_BYTES = 1024 * 1024;
const SHUTDOWN_GRACE = Duration.ofSeconds(5);

/** Orrery within this process: every service there is, over one storage, behind a socket that only this user can open. */
export class LocalServer {
  /** Where client and workers find it once it was started. */
  readonly address: string;
  readonly #folder = join(tmpdir(), `orrery-${randomUUID()}`);
  readonly #socket = join(this.#folder, 'socket');
  readonly #storage: Store | string;
  readonly #logger: Logger;
  #running: Promise<Running> | undefined;

  /** A URL is opened at the start and closed at the end; a storage is the caller's to close. */
  constructor(storage: Store | string, logger: Logger) {
    this.#storage = storage;
    this.#logger = logger;
    this.address = `unix:${this.#socket}`;
  }

  /** Starts it, once; throws a StorageError if the storage cannot be had. */
  async start(): Promise<void> {
    this.#running ??= this.#open();
    await this.#running;
  }

  /** Looks at the storage now: others may have put tasks into it. */
  async look(queue: QueueRef): Promise<void> {
    (await this.#running)?.look(queue);
  }

  /** Lets calls end, and stops. */
  async stop(): Promise<void> {
    // One that did not start has nothing to stop.
    const running = await this.#running?.catch(() => undefined);
    await running?.stop();
  }

  async #open(): Promise<Running> {
    const logger = serviceLogger(this.#logger);
    const own = typeof this.#storage === 'string';
    const store = typeof this.#storage === 'string' ? await openStorage(this.#storage) : this.#storage;
    const bus = createLocalBus({ logger });
    const end = async () => {
      await bus.close();
      if (own) await store.close();
      await rm(this.#folder, { recursive: true, force: true });
    };
    try {
      await mkdir(this.#folder, { mode: 0o700 });
      const { modules, control } = createStandalone({ store, bus, logger, maxPayloadBytes: MAX_PAYLOAD_BYTES });
      const server = await serve({ modules, socket: this.#socket, logger, shutdownGrace: SHUTDOWN_GRACE });
      return {
        look: (queue) => control.wake({ queues: [queue] }),
        stop: () => server.stop().then(end),
      };
    } catch (error) {
      await end();
      throw error;
    }
  }
}

interface Running {
  look(queue: QueueRef): void;
  stop(): Promise<void>;
}
