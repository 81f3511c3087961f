import { constants, type ServerHttp2Stream } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { Duration } from '@orrery/duration';
import type { Logger } from './logger.ts';

type NextCall = ConstructorParameters<typeof ServerInterceptingCall>[0];

/**
 * Closes calls whose peer does not take a message for a while, so that what they hold is freed and their handlers end. A status cannot
 * be sent behind messages that are not read, so the stream is reset with ENHANCE_YOUR_CALM; gRPC clients report that as
 * RESOURCE_EXHAUSTED.
 */
export function closeUnread(limit: Duration, logger: Logger): ServerInterceptor {
  const limitMs = limit.toMillis();
  return ({ path }, call) =>
    new ReadCall(call, limitMs, () =>
      logger.warn('closed a call whose peer does not read', { method: path, peer: call.getPeer(), limit }),
    );
}

/** A call that may take its time with anything but reading. */
class ReadCall extends ServerInterceptingCall {
  readonly #limitMs: number;
  readonly #closed: () => void;
  readonly #stream: ServerHttp2Stream | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(call: NextCall, limitMs: number, closed: () => void) {
    super(call);
    this.#limitMs = limitMs;
    this.#closed = closed;
    this.#stream = streamOf(call);
    this.#stream?.once('close', () => clearTimeout(this.#timer));
  }

  /** gRPC hands over one message at a time, and the next when it has been told that the stream took this one. */
  override sendMessage(message: unknown, callback: () => void): void {
    this.#timer = setTimeout(() => this.#close(), this.#limitMs);
    super.sendMessage(message, () => {
      clearTimeout(this.#timer);
      callback();
    });
  }

  #close(): void {
    if (!this.#stream || this.#stream.closed) return;
    this.#closed();
    this.#stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

/** The call's stream. grpc-js offers no way to reset one, so this is a look inside; a spec notices when it is not there any more. */
function streamOf(call: NextCall): ServerHttp2Stream | null {
  return 'stream' in call ? (call.stream as ServerHttp2Stream) : null;
}
