/**
 * The sending side of a stream: what is pushed goes out in order. `refill` is asked for a message whenever the transport can
 * take one and nothing was pushed; so what it builds gathers while a write is held up.
 */
export class Outgoing<T> implements AsyncIterable<T> {
  readonly #refill: () => T | undefined;
  #queue: T[] = [];
  #ended = false;
  #wake: (() => void) | null = null;

  constructor(refill: () => T | undefined = () => undefined) {
    this.#refill = refill;
  }

  /** Sends a message; after `end` it is dropped. */
  push(message: T): void {
    if (this.#ended) return;
    this.#queue.push(message);
    this.wake();
  }

  /** Says that `refill` may have something now. */
  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** Half-closes the stream once everything pushed has gone out. */
  end(): void {
    this.#ended = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const message = this.#queue.shift() ?? this.#refill();
      if (message !== undefined) yield message;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
