import type { Duration } from '@orrery/duration';
import type { Timers } from './timers.ts';

/** What came of one item of a batch: its result, or its own error. */
export type Settled<R> = { readonly ok: true; readonly value: R } | { readonly ok: false; readonly error: unknown };

/** How items are gathered and sent. */
export interface BatcherOptions<T, R> {
  /** Sends a batch; one answer for each item, in order. If it rejects, every item of the batch does. */
  readonly send: (items: readonly T[]) => Promise<readonly Settled<R>[]>;
  /** The most items in a batch. */
  readonly maxItems: number;
  /** The most bytes in a batch, by `sizeOf`; an item that is larger goes alone. */
  readonly maxBytes: number;
  readonly sizeOf: (item: T) => number;
  /** The most batches under way at once. */
  readonly maxInFlight: number;
  /** How long an item may wait for the batch before to be answered, if another may be under way beside it. */
  readonly maxWait: Duration;
  readonly timers: Timers;
}

/** When the next batch goes out. */
export type NextBatch = 'now' | 'soon' | 'later' | 'never';

/**
 * Decides when the next batch goes out. With nothing under way: as soon as everything that is ready to add an item has done
 * so. A full batch: now. Otherwise the batch gathers until the one before is answered, but not for longer than `maxWait`.
 */
export function nextBatch(
  state: { readonly items: number; readonly bytes: number; readonly inFlight: number },
  limits: { readonly maxItems: number; readonly maxBytes: number; readonly maxInFlight: number },
): NextBatch {
  if (state.items === 0 || state.inFlight >= limits.maxInFlight) return 'never';
  if (state.items >= limits.maxItems || state.bytes >= limits.maxBytes) return 'now';
  return state.inFlight === 0 ? 'soon' : 'later';
}

interface Entry<T, R> {
  readonly item: T;
  readonly bytes: number;
  readonly settle: (outcome: Settled<R>) => void;
}

/**
 * Gathers single calls into batches. A lone call goes out at once; calls that come while one is under way share the next
 * batch; each caller gets its own result or error.
 */
export class Batcher<T, R> {
  readonly #options: BatcherOptions<T, R>;
  #waiting: Entry<T, R>[] = [];
  #bytes = 0;
  #inFlight = 0;
  #soon = false;
  #cancelLater: (() => void) | null = null;
  #closed: Error | null = null;
  #idle: (() => void)[] = [];

  constructor(options: BatcherOptions<T, R>) {
    this.#options = options;
  }

  /**
   * Adds an item to the next batch and resolves with what came of it. Aborting takes the item out while it waits; once it is
   * under way, only the caller stops waiting. Rejects at once after `close`.
   */
  add(item: T, signal?: AbortSignal): Promise<R> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#remove(entry);
        reject(signal?.reason);
      };
      const entry: Entry<T, R> = {
        item,
        bytes: this.#options.sizeOf(item),
        settle: (outcome) => {
          signal?.removeEventListener('abort', onAbort);
          if (outcome.ok) resolve(outcome.value);
          else reject(outcome.error);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(entry);
      this.#bytes += entry.bytes;
      this.#proceed();
    });
  }

  /** Adds an item whose result nobody waits for: `send` sees to it. Dropped after `close`. */
  post(item: T): void {
    if (this.#closed) return;
    const entry = { item, bytes: this.#options.sizeOf(item), settle: ignore };
    this.#waiting.push(entry);
    this.#bytes += entry.bytes;
    this.#proceed();
  }

  /** Resolves when nothing waits and nothing is under way. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Rejects what still waits, and everything that is added from now on, with the given error. */
  close(error: Error): void {
    this.#closed ??= error;
    this.#cancelLater?.();
    this.#cancelLater = null;
    this.#bytes = 0;
    for (const entry of this.#waiting.splice(0)) entry.settle({ ok: false, error });
    this.#tellIdle();
  }

  #proceed(): void {
    for (;;) {
      const state = { items: this.#waiting.length, bytes: this.#bytes, inFlight: this.#inFlight };
      const next = nextBatch(state, this.#options);
      if (next !== 'now') return this.#schedule(next);
      void this.#dispatch();
    }
  }

  #schedule(next: NextBatch): void {
    if (next === 'soon' && !this.#soon) {
      this.#soon = true;
      this.#options.timers.soon(() => {
        this.#soon = false;
        this.#dispatchIfFree();
      });
    }
    if (next === 'later' && !this.#cancelLater) {
      this.#cancelLater = this.#options.timers.after(this.#options.maxWait, () => {
        this.#cancelLater = null;
        this.#dispatchIfFree();
      });
    }
  }

  #dispatchIfFree(): void {
    if (this.#waiting.length > 0 && this.#inFlight < this.#options.maxInFlight) void this.#dispatch();
    this.#proceed();
  }

  async #dispatch(): Promise<void> {
    const entries = this.#take();
    this.#cancelLater?.();
    this.#cancelLater = null;
    this.#inFlight += 1;
    const outcomes = await this.#send(entries);
    this.#inFlight -= 1;
    entries.forEach((entry, index) => entry.settle(outcomes[index] ?? unanswered));
    this.#proceed();
    this.#tellIdle();
  }

  async #send(entries: readonly Entry<T, R>[]): Promise<readonly Settled<R>[]> {
    try {
      return await this.#options.send(entries.map(({ item }) => item));
    } catch (error) {
      return entries.map(() => ({ ok: false, error }));
    }
  }

  #take(): readonly Entry<T, R>[] {
    let count = 0;
    let bytes = 0;
    for (const entry of this.#waiting) {
      if (count === this.#options.maxItems || (count > 0 && bytes + entry.bytes > this.#options.maxBytes)) break;
      count += 1;
      bytes += entry.bytes;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #remove(entry: Entry<T, R>): void {
    const index = this.#waiting.indexOf(entry);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#bytes -= entry.bytes;
    this.#tellIdle();
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight === 0;
  }

  #tellIdle(): void {
    if (this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function ignore(): void {}

const unanswered: Settled<never> = { ok: false, error: new Error('the reply had no answer for this item') };
