import { type dispatchv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { isFinal, type Logger, Outgoing, readStream, reconnectDelay, sleep, type Timers } from '@orrery/rpc';

/** What a work stream needs, and whom it tells. */
export interface WorkStreamOptions {
  readonly stub: Pick<dispatchv1.DispatchServiceClient, 'work'>;
  readonly token: string | undefined;
  readonly hello: dispatchv1.WorkHello;
  readonly timers: Timers;
  readonly random: () => number;
  readonly logger: Logger;
  /** A new stream is open; what was granted on the one before is void. */
  readonly onWelcome: (welcome: dispatchv1.WorkWelcome) => void;
  readonly onMessage: (message: WorkMessage) => void;
}

/** What comes down a stream once it is open. */
export type WorkMessage = Exclude<
  NonNullable<dispatchv1.WorkResponse['message']>,
  { readonly $case: 'welcome' } | { readonly $case: 'drain' }
>;

type UpMessage = NonNullable<dispatchv1.WorkRequest['message']>;

const HEALTHY_AFTER_MS = 5_000;
const FAREWELL = Duration.ofSeconds(2);

/** Keeps a stream to the scheduler open: opens it anew, with growing delays, whenever it breaks or the server drains. */
export class WorkStream {
  readonly #options: WorkStreamOptions;
  readonly #stopped = new AbortController();
  /** The sending side, while messages may be sent. */
  #open: Outgoing<dispatchv1.WorkRequest> | null = null;
  #closing = false;
  #welcomed = false;
  #hangUp: () => void = () => undefined;
  #cancelFarewell: () => void = () => undefined;

  constructor(options: WorkStreamOptions) {
    this.#options = options;
  }

  /** Sends a message; false: no stream is open, or it takes nothing more. */
  write(message: UpMessage): boolean {
    if (!this.#open) return false;
    this.#open.push({ message });
    return true;
  }

  /**
   * Keeps the stream open until `close`. Rejects only if the very first attempt is refused in a way that would not change, e.g.
   * for want of a valid token: then the worker is set up wrongly.
   */
  async run(): Promise<void> {
    const { timers, random, logger } = this.#options;
    const { signal } = this.#stopped;
    for (let failures = 1; !this.#closing; failures += 1) {
      const openedAt = timers.monotonicMillis();
      const drained = await this.#session().catch((error: unknown) => {
        if (this.#closing) return false;
        if (!this.#welcomed && isFinal(error)) throw error;
        // Once per outage: a server that stays away would fill the log.
        const level = failures === 1 ? 'warn' : 'debug';
        logger[level]({ err: error, failures }, 'the work stream broke off, connecting again');
        return false;
      });
      if (this.#closing) return;
      if (drained || timers.monotonicMillis() - openedAt >= HEALTHY_AFTER_MS) failures = 1;
      await sleep(timers, reconnectDelay(failures, random()), signal).catch(() => undefined);
    }
  }

  /** Says that nothing more will be said, lets the server end the stream, and does not open another. */
  close(): void {
    this.#closing = true;
    if (this.#open) this.#endSession();
    else this.#stopped.abort(new Error('the worker stopped'));
  }

  /** Resolves with true if the server asked for it to end. */
  async #session(): Promise<boolean> {
    const { stub, token, hello } = this.#options;
    const outgoing = new Outgoing<dispatchv1.WorkRequest>();
    const controller = new AbortController();
    const hangUp = () => controller.abort(new Error('the server did not end the stream in time'));
    let drained = false;
    this.#stopped.signal.addEventListener('abort', hangUp, { once: true });
    this.#hangUp = hangUp;
    outgoing.push({ message: { $case: 'hello', value: hello } });
    try {
      await readStream(
        (options) => stub.work(outgoing, options),
        ({ message }) => {
          if (message?.$case === 'drain') {
            drained = true;
            this.#options.logger.info({ reason: message.value.reason }, 'the server drains, connecting elsewhere');
            this.#endSession();
          } else if (message?.$case === 'welcome') {
            if (!this.#closing) this.#begin(outgoing, message.value);
          } else if (message) {
            this.#options.onMessage(message);
          }
        },
        { token, signal: controller.signal },
      );
    } catch (error) {
      if (!drained) throw error;
    } finally {
      this.#open = null;
      outgoing.end();
      this.#cancelFarewell();
      this.#stopped.signal.removeEventListener('abort', hangUp);
      controller.abort();
    }
    return drained;
  }

  #begin(outgoing: Outgoing<dispatchv1.WorkRequest>, welcome: dispatchv1.WorkWelcome): void {
    this.#welcomed = true;
    this.#open = outgoing;
    this.#options.onWelcome(welcome);
  }

  /** Half-closes, so that answers that are on their way still arrive; hangs up on a server that does not end the stream. */
  #endSession(): void {
    this.#open?.end();
    this.#open = null;
    this.#cancelFarewell = this.#options.timers.after(FAREWELL, this.#hangUp);
  }
}
