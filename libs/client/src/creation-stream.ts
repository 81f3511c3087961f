import type { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { errorFromStatus, OrreryError, Outgoing, readStream } from '@orrery/rpc';
import type { Connection } from './connect.ts';

/** After so long without a creation the stream is ended: it would keep the process alive, and the server busy. */
const IDLE = Duration.ofSeconds(1);

/** So old a stream is replaced by another, which may go to another server: the load spreads, and new servers get their share. */
const MAX_AGE_MS = 30_000;

interface Waiting {
  readonly resolve: (response: taskv1.CreateTasksResponse) => void;
  readonly reject: (error: unknown) => void;
  /** To be called before either. */
  readonly settled: () => void;
}

/**
 * Creations over streams that stay open while there are any: a message costs a fraction of a call, in time and in work. A stream carries
 * one at a time, so that creations which are under way beside each other go to several servers, if there are.
 */
export class CreationStreams {
  readonly #connection: Connection;
  #streams: CreationStream[] = [];

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Sends a creation, whose request_id must be set. Rejects with an OrreryError; with UNAVAILABLE if the stream ends before the answer,
   * so that it can be said again under the same request_id. Aborting ends only the waiting.
   */
  send(request: taskv1.StreamCreateTasksRequest, signal?: AbortSignal): Promise<taskv1.CreateTasksResponse> {
    this.#streams = this.#streams.filter((stream) => stream.isOpen);
    let free = this.#streams.find((stream) => stream.isFree);
    if (!free) {
      free = new CreationStream(this.#connection);
      this.#streams.push(free);
    }
    return free.send(request, signal);
  }

  /** Ends what is open, once it is answered. */
  close(): void {
    for (const stream of this.#streams) stream.end();
  }
}

class CreationStream {
  readonly #connection: Connection;
  readonly #outgoing = new Outgoing<taskv1.StreamCreateTasksRequest>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #openedAt: number;
  #cancelIdle: () => void = () => undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#openedAt = connection.settings.timers.monotonicMillis();
    void this.#run();
  }

  /** Whether it takes creations. */
  get isOpen(): boolean {
    if (this.#connection.settings.timers.monotonicMillis() - this.#openedAt > MAX_AGE_MS) this.end();
    return !this.#outgoing.closed;
  }

  /** Whether all that was sent is answered. */
  get isFree(): boolean {
    return this.#waiting.size === 0;
  }

  /** Sends nothing more; what was sent is still answered. */
  end(): void {
    this.#outgoing.end();
  }

  send(request: taskv1.StreamCreateTasksRequest, signal?: AbortSignal): Promise<taskv1.CreateTasksResponse> {
    const id = request.creation?.requestId ?? '';
    this.#cancelIdle();
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#take(id)?.reject(signal?.reason);
      const settled = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, { resolve, reject, settled });
      this.#outgoing.push(request);
    });
  }

  async #run(): Promise<void> {
    const { settings, stub } = this.#connection;
    const hangUp = new AbortController();
    let broken: unknown = ended();
    try {
      await readStream(
        (options) => stub.streamCreateTasks(this.#outgoing, options),
        (response) => this.#answered(response),
        { token: settings.token, signal: hangUp.signal },
      );
    } catch (error) {
      broken = error;
    } finally {
      this.#outgoing.end();
      hangUp.abort();
      for (const id of this.#waiting.keys()) this.#take(id)?.reject(broken);
      this.#cancelIdle();
    }
  }

  #answered({ requestId, outcome }: taskv1.StreamCreateTasksResponse): void {
    const waiting = this.#take(requestId);
    if (outcome?.$case === 'created') waiting?.resolve(outcome.value);
    else if (outcome) waiting?.reject(errorFromStatus(outcome.value));
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.settled();
    if (this.#waiting.size === 0) this.#endIfIdle();
    return waiting;
  }

  #endIfIdle(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.#connection.settings.timers.after(IDLE, () => this.end());
  }
}

function ended(): OrreryError {
  const message = 'the server ended the stream before it answered';
  return new OrreryError({ code: 'UNAVAILABLE', reason: 'UNAVAILABLE', message });
}
