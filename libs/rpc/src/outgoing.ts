/**
 * The sending side of a stream: what is pushed goes out in order, as fast as its peer takes it. Knows how much waits, so that a slow
 * reader can be sent less. `refill` is asked for a message whenever the transport can take one and nothing was pushed; so what it
 * builds gathers while a write is held up.
 */
export class Outgoing<T> implements AsyncIterable<T> {
  readonly #refill: () => T | undefined;
  readonly #waiting: { readonly message: T; readonly bytes: number }[] = [];
  readonly #forRoom: { readonly below: number; readonly resolve: () => void }[] = [];
  #bytes = 0;
  #ended = false;
  #error: unknown;
  #wake: (() => void) | null = null;

  constructor(refill: () => T | undefined = () => undefined) {
    this.#refill = refill;
  }

  /** Bytes that were pushed and not yet taken, by the pushers' reckoning. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  get closed(): boolean {
    return this.#ended;
  }

  /** Adds a message; false if the stream has ended and nobody will read it. */
  push(message: T, bytes = 0): boolean {
    if (this.#ended) return false;
    this.#waiting.push({ message, bytes });
    this.#bytes += bytes;
    this.wake();
    return true;
  }

  /** Says that `refill` may have something now. */
  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }

  /** Ends the stream after what was pushed so far; with an error, the reader gets that last. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.wake();
    this.#makeRoom();
  }

  /** Resolves when fewer bytes wait, or the stream has ended. */
  async room(below: number): Promise<void> {
    if (this.#ended || this.#bytes < below) return;
    await new Promise<void>((resolve) => void this.#forRoom.push({ below, resolve }));
  }

  /** Ends the stream and returns what nobody has taken. */
  takeBack(): readonly T[] {
    const rest = this.#waiting.splice(0).map(({ message }) => message);
    this.#bytes = 0;
    this.end();
    return rest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    try {
      for (;;) {
        const message = this.#next();
        if (message !== undefined) yield message;
        else if (this.#ended) {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- It goes on as it came.
          if (this.#error !== undefined) throw this.#error;
          return;
        } else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.end();
    }
  }

  #next(): T | undefined {
    const next = this.#waiting.shift();
    if (!next) return this.#refill();
    this.#bytes -= next.bytes;
    if (this.#forRoom.length > 0) this.#makeRoom();
    return next.message;
  }

  #makeRoom(): void {
    for (const waiter of this.#forRoom.splice(0)) {
      if (this.#ended || this.#bytes < waiter.below) waiter.resolve();
      else this.#forRoom.push(waiter);
    }
  }
}
