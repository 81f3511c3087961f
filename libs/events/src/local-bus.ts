import { type EventBus, eventType, type OrreryEvent, type Subscription } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { BusLogger } from './bus-logger.ts';
import { DEFAULT_MAX_DELIVERIES, deliver, type HandleEvents } from './deliver.ts';

/** How a bus within the process behaves. */
export interface LocalBusOptions {
  readonly logger: BusLogger;
  /** How often an event is given to a consumer before it is set aside. Default 10. */
  readonly maxDeliveries?: number | undefined;
  /** How long to wait after so many failures. Default: 0.1 s doubling up to 30 s. */
  readonly pause?: ((failures: number) => Duration) | undefined;
}

/**
 * A bus within one process. What is published is for good once the consumers have handled it, so `publish` waits for those that
 * are there; what is told while nobody consumes under a known name waits in memory. Events set aside are only logged.
 */
export function createLocalBus(options: LocalBusOptions): EventBus {
  const queues = new Map<string, ConsumerQueue>();
  const listeners = new Set<Listener>();
  let closed = false;

  return {
    async publish(events) {
      if (closed) throw new Error('the bus is closed');
      for (const listener of listeners) tell(listener, events, options.logger);
      await Promise.all([...queues.values()].map((queue) => queue.add(events)));
    },
    async consume({ name, types }, handle) {
      const queue = queues.get(name) ?? new ConsumerQueue(name, options);
      queues.set(name, queue);
      return queue.join(types, handle);
    },
    async listen(types, hear) {
      const listener = { types: new Set(types), hear };
      listeners.add(listener);
      return { stop: async () => void listeners.delete(listener) };
    },
    isConnected: () => !closed,
    async close() {
      closed = true;
      listeners.clear();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

interface Listener {
  readonly types: ReadonlySet<string>;
  readonly hear: (events: readonly OrreryEvent[]) => void;
}

interface Waiting {
  readonly event: OrreryEvent;
  readonly handled: () => void;
}

/** What waits for a consumer name. Whoever joined first and is still there gets it, so that nothing is overtaken. */
class ConsumerQueue {
  readonly #name: string;
  readonly #options: LocalBusOptions;
  readonly #members: { readonly handle: HandleEvents; readonly stopping: AbortController }[] = [];
  readonly #closing = new AbortController();
  #types: ReadonlySet<string> = new Set();
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(name: string, options: LocalBusOptions) {
    this.#name = name;
    this.#options = options;
  }

  async add(events: readonly OrreryEvent[]): Promise<void> {
    const wanted = events.filter((event) => this.#types.has(eventType(event)));
    if (wanted.length === 0) return;
    const all = Promise.all(
      wanted.map((event) => new Promise<void>((handled) => this.#waiting.push({ event, handled }))),
    );
    this.#run();
    if (this.#members.length > 0) await all;
  }

  join(types: readonly string[], handle: HandleEvents): Subscription {
    const member = { handle, stopping: new AbortController() };
    this.#types = new Set(types);
    this.#members.push(member);
    this.#run();
    return {
      stop: async () => {
        const place = this.#members.indexOf(member);
        if (place >= 0) this.#members.splice(place, 1);
        member.stopping.abort();
        if (this.#members.length === 0) this.#letGo();
        await this.#running;
      },
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#members.splice(0).forEach((member) => member.stopping.abort());
    this.#letGo();
    await this.#running;
  }

  /** Publishers do not wait for a consumer that has gone; what they told stays. */
  #letGo(): void {
    for (const { handled } of this.#waiting) handled();
  }

  #run(): void {
    this.#running ??= this.#deliverAll().finally(() => {
      this.#running = undefined;
      if (this.#members.length > 0 && this.#waiting.length > 0) this.#run();
    });
  }

  async #deliverAll(): Promise<void> {
    for (;;) {
      const [member] = this.#members;
      const items = [...this.#waiting];
      if (!member || items.length === 0) return;
      const forget = (gone: readonly Waiting[]): void => {
        const handled = new Set(gone);
        this.#waiting = this.#waiting.filter((item) => !handled.has(item));
        for (const item of gone) item.handled();
      };
      await deliver(items, {
        consumer: this.#name,
        maxDeliveries: this.#options.maxDeliveries ?? DEFAULT_MAX_DELIVERIES,
        handle: member.handle,
        done: forget,
        setAside: async (item) => forget([item]),
        logger: this.#options.logger,
        signal: AbortSignal.any([member.stopping.signal, this.#closing.signal]),
        pause: this.#options.pause,
      });
    }
  }
}

function tell({ types, hear }: Listener, events: readonly OrreryEvent[], logger: BusLogger): void {
  const heard = events.filter((event) => types.has(eventType(event)));
  if (heard.length === 0) return;
  try {
    hear(heard);
  } catch (error) {
    logger.error('a listener failed', { events: heard.length, error });
  }
}
