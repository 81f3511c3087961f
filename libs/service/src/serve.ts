import { ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { readDescriptorImage } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { createServer, type Server } from 'nice-grpc';
import { closeUnread } from './close-unread.ts';
import { createHealth } from './health.ts';
import { limitUnaryCalls, UNARY_LIMITS } from './limit-unary-calls.ts';
import type { Logger } from './logger.ts';
import { reflectionBindings } from './reflection.ts';
import type { ServiceBinding, ServiceModule } from './service-module.ts';
import { sleep } from './sleep.ts';
import { observeCalls } from './observe-calls.ts';
import { mapErrors } from './status-map.ts';

/** Keys for TLS, each the content of a PEM file. */
export interface TlsOptions {
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Whoever calls must show a certificate signed by it. */
  readonly clientAuthority?: Buffer | undefined;
}

/** Limits of a server. */
export interface ServerLimits {
  /** The largest request that is accepted, in bytes. Default 4 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** How long unary calls may take. Default 30 s, and 90 s for long polls. */
  readonly unary?: Duration | undefined;
  /** How long a peer may leave a message of ours unread before its call is closed. Default 30 s. */
  readonly unread?: Duration | undefined;
}

/** Where a server listens: on a port of a host (0: any free one), or on a socket in the file system. */
export type Listening =
  { readonly host: string; readonly port: number } | { readonly socket: string; readonly host?: never };

/** What a server is made of, and where it listens. */
export type ServeOptions = ServerParts & Listening;

/** What a server is made of. */
export interface ServerParts {
  readonly modules: readonly ServiceModule[];
  readonly logger: Logger;
  readonly limits?: ServerLimits | undefined;
  /** How long calls may go on after `stop` before they are cut off. */
  readonly shutdownGrace: Duration;
  readonly tls?: TlsOptions | undefined;
}

/** A server that listens. */
export interface RunningServer {
  /** 0 on a socket in the file system. */
  readonly port: number;
  /** Refuses health checks, drains the modules, lets calls end, cuts off what is left after the grace, stops the modules. */
  stop(): Promise<void>;
}

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

const UNREAD_LIMIT = Duration.ofSeconds(30);

/** Starts the modules and serves all of them on one port, with health and reflection; throws if anything of it fails. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { modules, logger } = options;
  const closing = new AbortController();
  const bindings = modules.flatMap((module) => module.bindings);
  const names = bindings.map((binding) => binding.definition.fullName);
  const health = createHealth(names);
  const reflection = reflectionBindings(readDescriptorImage(), [...names, health.serviceName], closing.signal);
  const server = newServer(bindings, options);
  health.addTo(server, closing.signal);
  for (const { definition, implementation } of [...bindings, ...reflection]) server.add(definition, implementation);

  const started: ServiceModule[] = [];
  let port: number;
  try {
    for (const module of modules) {
      await module.start();
      started.push(module);
    }
    port = await server.listen(addressOf(options), credentials(options.tls));
  } catch (error) {
    await forEach(started, 'stop', logger);
    throw error;
  }
  if (options.host === undefined) port = 0;
  logger.info('listening', { ...placeOf(options, port), services: names });

  let stopped: Promise<void> | undefined;
  return { port, stop: () => (stopped ??= stop()) };

  async function stop(): Promise<void> {
    logger.info('stopping', { grace: options.shutdownGrace });
    health.notServing();
    const ended = forEach(modules, 'drain', logger).then(() => {
      closing.abort();
      return server.shutdown();
    });
    if (!(await endsWithin(options.shutdownGrace, ended))) {
      logger.warn('cutting off the calls that are left');
      closing.abort();
      server.forceShutdown();
    }
    await forEach(modules, 'stop', logger);
    logger.info('stopped');
  }
}

function newServer(bindings: readonly ServiceBinding[], { logger, limits }: ServerParts): Server {
  const longPolls = bindings.flatMap(({ definition, longPolls }) =>
    longPolls.map((method) => `/${definition.fullName}/${definition.methods[method]?.name}`),
  );
  // Options of the server's own beside those of its channels; nice-grpc hands on both.
  const own: ServerOptions = { interceptors: [closeUnread(limits?.unread ?? UNREAD_LIMIT, logger)] };
  return createServer({
    ...own,
    'grpc.max_receive_message_length': limits?.maxMessageBytes ?? MAX_MESSAGE_BYTES,
    // Finds out within 40 s that the other end of a quiet stream is gone.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
  })
    .use(observeCalls)
    .use(mapErrors(logger))
    .use(
      limitUnaryCalls({
        limit: limits?.unary ?? UNARY_LIMITS.limit,
        longPollLimit: UNARY_LIMITS.longPollLimit,
        longPolls: new Set(longPolls),
      }),
    );
}

function credentials(tls: TlsOptions | undefined): ServerCredentials {
  if (!tls) return ServerCredentials.createInsecure();
  const { certificate, key, clientAuthority } = tls;
  const pair = { cert_chain: certificate, private_key: key };
  return ServerCredentials.createSsl(clientAuthority ?? null, [pair], clientAuthority !== undefined);
}

function addressOf(listening: Listening): string {
  if (listening.host === undefined) return `unix:${listening.socket}`;
  return `${bracketed(listening.host)}:${listening.port}`;
}

function placeOf(listening: Listening, port: number): object {
  return listening.host === undefined ? { socket: listening.socket } : { host: listening.host, port };
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Calls the same step of every module at once; one that fails does not keep the others from theirs. */
async function forEach(modules: readonly ServiceModule[], step: 'drain' | 'stop', logger: Logger): Promise<void> {
  await Promise.all(
    modules.map(async (module) => {
      try {
        await module[step]();
      } catch (error) {
        logger.error(`${step} failed`, { module: module.name, error });
      }
    }),
  );
}

async function endsWithin(limit: Duration, work: Promise<void>): Promise<boolean> {
  const timer = new AbortController();
  const ended = work.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([ended, sleep(limit, timer.signal).then(() => false)]);
  } finally {
    timer.abort();
  }
}
