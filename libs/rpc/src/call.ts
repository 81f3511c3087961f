import type { Duration } from '@orrery/duration';
import type { CallOptions, Metadata } from 'nice-grpc-common';
import { reconnectDelay } from './backoff.ts';
import { callMetadata } from './call-metadata.ts';
import { errorFromCall, isUnavailable, OrreryError } from './orrery-error.ts';
import { sleep, type Timers } from './timers.ts';

/** What all calls of an SDK have in common. */
export interface CallSettings {
  /** Goes with every call as "authorization: Bearer …". */
  readonly token?: string | undefined;
  /** How long a call may take, its retries included. */
  readonly deadline: Duration;
  readonly timers: Timers;
  /** A number from 0 to 1; decides the jitter of retries. */
  readonly random: () => number;
}

/**
 * Makes a unary call that is safe to repeat: while the server is UNAVAILABLE it is made again, with growing delays, until the
 * deadline. Rejects with an OrreryError, or with the signal's reason once that is aborted.
 */
export async function call<T>(
  attempt: (options: CallOptions) => Promise<T>,
  settings: CallSettings,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const state: { last?: OrreryError } = {};
  const cancel = settings.timers.after(settings.deadline, () =>
    controller.abort(tooLate(settings.deadline, state.last)),
  );
  try {
    for (let failures = 1; ; failures += 1) {
      try {
        return await attemptOnce(attempt, settings, controller.signal);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        state.last = error;
        const backoff = reconnectDelay(failures, settings.random());
        const wait = error.retryAfter && error.retryAfter > backoff ? error.retryAfter : backoff;
        await sleep(settings.timers, wait, controller.signal);
      }
    }
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function attemptOnce<T>(
  attempt: (options: CallOptions) => Promise<T>,
  settings: CallSettings,
  signal: AbortSignal,
): Promise<T> {
  let trailer: Metadata | undefined;
  const onTrailer = (metadata: Metadata) => (trailer = metadata);
  try {
    return await attempt({ signal, metadata: callMetadata(settings.token), onTrailer });
  } catch (error) {
    signal.throwIfAborted();
    throw errorFromCall(error, trailer);
  }
}

/** The messages of a stream as they are asked for; whatever breaks it off is thrown as an OrreryError, an abort as the signal's reason. */
export async function* openStream<T>(
  open: (options: CallOptions) => AsyncIterable<T>,
  settings: { readonly token?: string | undefined; readonly signal: AbortSignal },
): AsyncGenerator<T> {
  let trailer: Metadata | undefined;
  const onTrailer = (metadata: Metadata) => (trailer = metadata);
  const metadata = callMetadata(settings.token);
  try {
    yield* open({ signal: settings.signal, metadata, onTrailer });
  } catch (error) {
    settings.signal.throwIfAborted();
    throw errorFromCall(error, trailer);
  }
}

/** Reads a stream to its end; whatever breaks it off is thrown as an OrreryError, an abort as the signal's reason. */
export async function readStream<T>(
  open: (options: CallOptions) => AsyncIterable<T>,
  onMessage: (message: T) => void,
  settings: { readonly token?: string | undefined; readonly signal: AbortSignal },
): Promise<void> {
  for await (const message of openStream(open, settings)) onMessage(message);
}

function tooLate(deadline: Duration, last: OrreryError | undefined): OrreryError {
  const why = last ? `; the last try ended with: ${last.message}` : '';
  return new OrreryError({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_EXCEEDED',
    message: `no answer within ${deadline.toString()}${why}`,
    cause: last,
  });
}
