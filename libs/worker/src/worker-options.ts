import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { CLAIM_STRATEGIES, type ClaimStrategy, type Labels } from '@orrery/core';
import { Duration, type DurationInput } from '@orrery/duration';
import { type ConnectionOptions, type Logger, stderrLogger, systemTimers, type Timers } from '@orrery/rpc';

/** How a worker works. */
export interface WorkerOptions {
  /** Where the scheduler listens: `host:port`, or several. Default "127.0.0.1:7070". */
  readonly address?: string | readonly string[];
  /** Where the worker registry listens. Default: `address`. */
  readonly registry?: string | readonly string[];
  /** Default "default". */
  readonly namespace?: string;
  /** Sent as "authorization: Bearer …". */
  readonly token?: string;
  /** True: TLS with Node's certificate authorities. Default: no TLS. */
  readonly tls?: ConnectionOptions['tls'];
  /** The queues to claim from. Default "default" alone. */
  readonly queues?: readonly string[];
  /** How many handlers run at once. Default 10. */
  readonly concurrency?: number;
  /** How many further tasks are claimed ahead, so that no slot waits for the network. Default: as `concurrency`. */
  readonly prefetch?: number;
  /** Unique within the namespace. Default: host name, process id and chance. */
  readonly id?: string;
  /** How often the registry hears of the worker. Default 30 s. */
  readonly heartbeat?: DurationInput;
  /** How long a stopping worker lets handlers run before it aborts them. Default 300 s. */
  readonly shutdownTimeout?: DurationInput;
  /** How long a lease is good for without being extended: how soon a crash is noticed. Default 30 s; from 1 s to 1 h. */
  readonly leaseDuration?: DurationInput;
  /** Which of the due tasks come first. Default "PRIORITY". */
  readonly strategy?: ClaimStrategy;
  /** The worker's own marks, for people who look at it. */
  readonly labels?: Labels;
  /** Default: warnings and errors to standard error. */
  readonly logger?: Logger;
  /** Where waiting and chance come from, for tests. */
  readonly timers?: Timers;
  readonly random?: () => number;
}

/** A worker's settings, complete. */
export interface WorkerSettings {
  readonly address: string | readonly string[];
  readonly registry: string | readonly string[];
  readonly namespace: string;
  readonly token: string | undefined;
  readonly tls: ConnectionOptions['tls'];
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly prefetch: number;
  readonly id: string;
  readonly hostname: string;
  readonly heartbeat: Duration;
  readonly shutdownTimeout: Duration;
  readonly leaseDuration: Duration;
  readonly strategy: ClaimStrategy;
  readonly labels: Labels;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly random: () => number;
}

/** Fills in the defaults; throws a RangeError naming every option that cannot be, or an InvalidDurationError. */
export function readWorkerOptions(options: WorkerOptions): WorkerSettings {
  const address = options.address ?? '127.0.0.1:7070';
  const concurrency = options.concurrency ?? 10;
  const settings: WorkerSettings = {
    address,
    registry: options.registry ?? address,
    namespace: options.namespace ?? 'default',
    token: options.token,
    tls: options.tls,
    queues: options.queues ?? ['default'],
    concurrency,
    prefetch: options.prefetch ?? concurrency,
    id: options.id ?? newWorkerId(),
    hostname: hostname(),
    heartbeat: Duration.from(options.heartbeat ?? 30),
    shutdownTimeout: Duration.from(options.shutdownTimeout ?? 300),
    leaseDuration: Duration.from(options.leaseDuration ?? 30),
    strategy: options.strategy ?? 'PRIORITY',
    labels: options.labels ?? {},
    logger: options.logger ?? stderrLogger,
    timers: options.timers ?? systemTimers,
    random: options.random ?? Math.random,
  };
  const problems = problemsOf(settings);
  if (problems.length > 0) throw new RangeError(`worker options: ${problems.join('; ')}`);
  return Object.freeze(settings);
}

function problemsOf(settings: WorkerSettings): readonly string[] {
  const { concurrency, prefetch, heartbeat, shutdownTimeout, leaseDuration, strategy, queues } = settings;
  const seconds = leaseDuration.toSeconds();
  return [
    isCount(concurrency) && concurrency > 0 ? '' : `concurrency ${concurrency} is not a whole number above 0`,
    isCount(prefetch) ? '' : `prefetch ${prefetch} is not a whole number from 0`,
    heartbeat.isNegative || heartbeat.isZero ? `heartbeat ${heartbeat.toString()} is not positive` : '',
    shutdownTimeout.isNegative ? `shutdownTimeout ${shutdownTimeout.toString()} is negative` : '',
    seconds >= 1 && seconds <= 3600 ? '' : `leaseDuration ${leaseDuration.toString()} is not from 1 s to 1 h`,
    CLAIM_STRATEGIES.includes(strategy) ? '' : `strategy ${strategy} is none of ${CLAIM_STRATEGIES.join(', ')}`,
    queues.length > 0 ? '' : 'queues is empty',
  ].filter((problem) => problem !== '');
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 100_000;
}

function newWorkerId(): string {
  // Only what the protocol allows in an id.
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 80);
  return `${host}-${process.pid}-${randomBytes(4).toString('hex')}`;
}
