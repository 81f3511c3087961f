import { type AbortWhy, TaskAbortedError } from './task-aborted-error.ts';

/** Asks a handler to stop. Its signal is made when the handler starts, and nobody but the handler listens to it: that would cost more. */
export class StopRequest {
  #why: AbortWhy | null = null;
  #controller: AbortController | null = null;
  #hear: (() => void) | null = null;

  /** Why the handler is to stop; null: it may go on. */
  get why(): AbortWhy | null {
    return this.#why;
  }

  /** Aborted with a TaskAbortedError once the handler is to stop. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#why) this.#controller.abort(new TaskAbortedError(this.#why));
    }
    return this.#controller.signal;
  }

  /** Asks it to stop; only the first reason counts. */
  make(why: AbortWhy): void {
    if (this.#why) return;
    this.#why = why;
    this.#controller?.abort(new TaskAbortedError(why));
    this.#hear?.();
  }

  /** Tells the one listener there is when it is asked, at once if it was; null: nobody listens any more. */
  listen(hear: (() => void) | null): void {
    this.#hear = hear;
    if (this.#why) hear?.();
  }
}
