import { Duration, type DurationInput } from '@orrery/duration';
import {
  type CallOrigin,
  type ConnectionOptions,
  type Logger,
  stderrLogger,
  systemTimers,
  type Timers,
} from '@orrery/rpc';

/** How a client reaches Orrery. */
export interface ClientOptions {
  /** Where task-api listens: `host:port`, or several. Default "127.0.0.1:7070". */
  readonly address?: string | readonly string[];
  /** Default "default". */
  readonly namespace?: string;
  /** Sent as "authorization: Bearer …". */
  readonly token?: string;
  /** True: TLS with Node's certificate authorities. Default: no TLS. */
  readonly tls?: ConnectionOptions['tls'];
  /** How long a call may take, its retries included. Default 30 s. */
  readonly deadline?: DurationInput;
  /** Default: warnings and errors to standard error. */
  readonly logger?: Logger;
  /** Asked at each `create` for what the caller did not say itself, e.g. the active span. */
  readonly origin?: () => CallOrigin;
  /** Where waiting and chance come from, for tests. */
  readonly timers?: Timers;
  readonly random?: () => number;
}

/** A client's settings, complete. */
export interface ClientSettings {
  readonly address: string | readonly string[];
  readonly namespace: string;
  readonly token: string | undefined;
  readonly tls: ConnectionOptions['tls'];
  readonly deadline: Duration;
  readonly logger: Logger;
  readonly origin: () => CallOrigin;
  readonly timers: Timers;
  readonly random: () => number;
}

/** Fills in the defaults; throws a RangeError or InvalidDurationError for what cannot be. */
export function readClientOptions(options: ClientOptions): ClientSettings {
  const deadline = Duration.from(options.deadline ?? 30);
  if (deadline.isNegative || deadline.isZero) throw new RangeError(`deadline ${deadline.toString()} is not positive`);
  return Object.freeze({
    address: options.address ?? '127.0.0.1:7070',
    namespace: options.namespace ?? 'default',
    token: options.token,
    tls: options.tls,
    deadline,
    logger: options.logger ?? stderrLogger,
    origin: options.origin ?? (() => ({})),
    timers: options.timers ?? systemTimers,
    random: options.random ?? Math.random,
  });
}
