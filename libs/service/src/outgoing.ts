/**
 * Messages on their way to one reader: written by anybody at any time, read by one stream as fast as its peer takes them. Knows
 * how much waits, so that a slow reader can be sent less.
 */
export class Outgoing<T> implements AsyncIterable<T> {
  private readonly waiting: { readonly message: T; readonly bytes: number }[] = [];
  private wake: (() => void) | undefined;
  private ended = false;
  private error: unknown;
  private bytes = 0;

  /** Bytes that were pushed and not yet taken, by the pushers' reckoning. */
  get pendingBytes(): number {
    return this.bytes;
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Adds a message; false if the stream has ended and nobody will read it. */
  push(message: T, bytes = 0): boolean {
    if (this.ended) return false;
    this.waiting.push({ message, bytes });
    this.bytes += bytes;
    this.wake?.();
    return true;
  }

  /** Ends the stream after what was pushed so far; with an error, the reader gets that last. */
  end(error?: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
    this.wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    try {
      for (;;) {
        const next = this.waiting.shift();
        if (next) {
          this.bytes -= next.bytes;
          yield next.message;
        } else if (this.ended) {
          // eslint-disable-next-line @typescript-eslint/only-throw-error -- It goes on as it came.
          if (this.error !== undefined) throw this.error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.wake = resolve));
        }
      }
    } finally {
      this.ended = true;
    }
  }
}
