import { Client, credentials, Metadata as GrpcMetadata } from '@grpc/grpc-js';
import { dispatchv1, refusalFromStatus } from '@orrery/contracts';
import { leaseLost, StorageError } from '@orrery/core';
import { Duration } from '@orrery/duration';
import {
  type Channel,
  ClientError,
  createChannel,
  createClientFactory,
  type ServiceImplementation,
  Status,
} from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import type { Logger, LogFields } from './logger.ts';
import { serve, type RunningServer, type ServeOptions } from './serve.ts';
import { bind, type ServiceModule } from './service-module.ts';
import { DETAILS_KEY } from './status-map.ts';

const { DispatchServiceDefinition } = dispatchv1;
type Handlers = ServiceImplementation<typeof DispatchServiceDefinition>;

const unexpected = (): never => {
  throw new Error('SELECT secret FROM nowhere');
};
const noHandlers: Handlers = {
  work: unexpected,
  claimTasks: unexpected,
  completeTasks: unexpected,
  failTasks: unexpected,
  releaseTasks: unexpected,
  extendLeases: unexpected,
  reportProgress: unexpected,
};

const logged: { message: string; fields: LogFields | undefined }[] = [];
const log = (message: string, fields?: LogFields): void => void logged.push({ message, fields });
const logger: Logger = { debug: log, info: log, warn: log, error: log };

const servers: RunningServer[] = [];
const channels: Channel[] = [];

afterEach(async () => {
  for (const channel of channels.splice(0)) channel.close();
  for (const server of servers.splice(0)) await server.stop();
  logged.length = 0;
});

function moduleOf(handlers: Partial<Handlers>, steps: Partial<ServiceModule> = {}): ServiceModule {
  const none = async (): Promise<void> => {};
  const binding = bind(DispatchServiceDefinition, { ...noHandlers, ...handlers }, { longPolls: ['claimTasks'] });
  return { name: 'test', bindings: [binding], start: none, drain: none, stop: none, ...steps };
}

async function start(module: ServiceModule, options: Partial<ServeOptions> = {}) {
  const shutdownGrace = Duration.ofSeconds(10);
  const server = await serve({ modules: [module], host: '127.0.0.1', port: 0, logger, shutdownGrace, ...options });
  servers.push(server);
  const channel = createChannel(`127.0.0.1:${server.port}`);
  channels.push(channel);
  const trailers: { details?: Uint8Array | undefined } = {};
  const factory = createClientFactory().use(async function* (call, options) {
    const onTrailer = (trailer: { get(key: string): string | Uint8Array | undefined }): void => {
      const details = trailer.get(DETAILS_KEY);
      trailers.details = typeof details === 'string' ? undefined : details;
    };
    return yield* call.next(call.request, { ...options, onTrailer });
  });
  return {
    server,
    dispatch: factory.create(DispatchServiceDefinition, channel),
    health: factory.create(HealthDefinition, channel),
    trailers,
  };
}

const request = { namespace: 'default', completions: [] };

async function errorOf(call: Promise<unknown>): Promise<ClientError> {
  const error = await call.then(
    () => null,
    (problem: unknown) => problem,
  );
  if (error instanceof ClientError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe('what a handler throws', () => {
  test('a refusal keeps its reason', async () => {
    const { dispatch, trailers } = await start(moduleOf({ completeTasks: () => Promise.reject(leaseLost('t1')) }));
    const error = await errorOf(dispatch.completeTasks(request));
    expect(error.code).toBe(Status.FAILED_PRECONDITION);
    expect(error.details).toBe('the lease on task "t1" is no longer held');
    expect(refusalFromStatus(trailers.details)).toMatchObject({ reason: 'LEASE_LOST', metadata: { task_id: 't1' } });
  });

  test('an outage of the store is UNAVAILABLE, with a time to try again', async () => {
    const { dispatch, trailers } = await start(
      moduleOf({ completeTasks: () => Promise.reject(new StorageError('ECONNREFUSED 10.0.0.1')) }),
    );
    const error = await errorOf(dispatch.completeTasks(request));
    expect(error.code).toBe(Status.UNAVAILABLE);
    expect(error.details).not.toContain('10.0.0.1');
    expect(refusalFromStatus(trailers.details)?.reason).toBe('STORE_UNAVAILABLE');
    expect(refusalFromStatus(trailers.details)?.retryAfter).toEqual(Duration.ofSeconds(1));
    await errorOf(dispatch.completeTasks(request));
    expect(logged.filter(({ message }) => message === 'the store is unavailable')).toHaveLength(1);
  });

  test.each([
    ['a bug', new Error('SELECT secret FROM nowhere')],
    ['a broken store', new StorageError('SELECT secret FROM nowhere', { transient: false })],
    ['something that is no error', 'SELECT secret FROM nowhere'],
  ])('%s is INTERNAL under an id, and only the log says more', async (_, thrown) => {
    const { dispatch, trailers } = await start(moduleOf({ completeTasks: () => Promise.reject(thrown) }));
    const error = await errorOf(dispatch.completeTasks(request));
    expect(error.code).toBe(Status.INTERNAL);
    expect(error.details).not.toContain('secret');
    const refusal = refusalFromStatus(trailers.details);
    expect(refusal?.reason).toBe('INTERNAL');
    const incident = refusal?.metadata['incident'];
    expect(incident).toMatch(/^[0-9a-f-]{36}$/);
    expect(logged).toContainEqual({
      message: 'call failed',
      fields: { method: '/orrery.dispatch.v1.DispatchService/CompleteTasks', incident, error: thrown },
    });
  });

  test('a duration that is none is INVALID_ARGUMENT', async () => {
    const { dispatch, trailers } = await start(
      moduleOf({ completeTasks: async () => ({ results: [String(Duration.parse('soon'))].map(() => ({}) as never) }) }),
    );
    expect((await errorOf(dispatch.completeTasks(request))).code).toBe(Status.INVALID_ARGUMENT);
    expect(refusalFromStatus(trailers.details)?.reason).toBe('INVALID_FIELD');
  });

  test('an error in a stream is mapped like any other', async () => {
    const { dispatch, trailers } = await start(
      moduleOf({
        async *work() {
          yield { message: { $case: 'drain', value: { reason: 'bye' } } };
          throw leaseLost('t2');
        },
      }),
    );
    const received: unknown[] = [];
    const reading = (async () => {
      for await (const response of dispatch.work(nothing())) received.push(response);
    })();
    expect((await errorOf(reading)).code).toBe(Status.FAILED_PRECONDITION);
    expect(received).toEqual([{ message: { $case: 'drain', value: { reason: 'bye' } } }]);
    expect(refusalFromStatus(trailers.details)?.reason).toBe('LEASE_LOST');
  });
});

describe('time', () => {
  test('a handler that goes on for too long is cut off, listening or not', async () => {
    const aborted = Promise.withResolvers<unknown>();
    const { dispatch, trailers } = await start(
      moduleOf({
        completeTasks: (_, context) => {
          context.signal.addEventListener('abort', () => aborted.resolve(context.signal.reason));
          return new Promise(() => {});
        },
      }),
      { limits: { unary: Duration.ofMillis(20) } },
    );
    expect((await errorOf(dispatch.completeTasks(request))).code).toBe(Status.DEADLINE_EXCEEDED);
    expect(refusalFromStatus(trailers.details)?.reason).toBe('DEADLINE_EXCEEDED');
    expect(await aborted.promise).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  });

  test('a long poll may outlast the limit of other calls', async () => {
    const outlasted = Promise.withResolvers<void>();
    const { dispatch } = await start(
      moduleOf({
        completeTasks: () => new Promise(() => {}),
        claimTasks: () => outlasted.promise.then(() => ({ leases: [] })),
      }),
      { limits: { unary: Duration.ofMillis(20) } },
    );
    const poll = dispatch.claimTasks({ options: undefined, maxTasks: 1, waitTimeout: undefined });
    await errorOf(dispatch.completeTasks(request));
    outlasted.resolve();
    expect(await poll).toEqual({ leases: [] });
  });

  test("the caller's deadline fires the handler's signal, and the server says so by itself", async () => {
    const aborted = Promise.withResolvers<void>();
    const { server } = await start(
      moduleOf({
        completeTasks: (_, { signal }) => {
          signal.addEventListener('abort', () => aborted.resolve());
          return new Promise(() => {});
        },
      }),
    );
    // Sent as a header, so that the client does not hang up when it has passed.
    const metadata = new GrpcMetadata();
    metadata.set('grpc-timeout', '50m');
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const empty = (): Buffer => Buffer.alloc(0);
    const code = new Promise((resolve) => {
      const path = '/orrery.dispatch.v1.DispatchService/CompleteTasks';
      client.makeUnaryRequest(path, empty, empty, {}, metadata, (error) => resolve(error?.code));
    });
    await aborted.promise;
    expect(await code).toBe(Status.DEADLINE_EXCEEDED);
    client.close();
  });

  test("hanging up fires the handler's signal, and is no error to log", async () => {
    const aborted = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const { dispatch } = await start(
      moduleOf({
        completeTasks: (_, { signal }) => {
          entered.resolve();
          return new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => (aborted.resolve(), reject(signal.reason)));
          });
        },
      }),
    );
    const caller = new AbortController();
    const call = dispatch.completeTasks(request, { signal: caller.signal });
    call.catch(() => {});
    await entered.promise;
    caller.abort();
    await aborted.promise;
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    expect(logged.filter(({ message }) => message === 'call failed')).toEqual([]);
  });
});

describe('start and stop', () => {
  test('health tells which services serve, and that none does while draining', async () => {
    const drained = Promise.withResolvers<void>();
    const { server, health } = await start(moduleOf({}, { drain: () => drained.promise }));
    const services = ['', 'orrery.dispatch.v1.DispatchService'];
    for (const service of services) expect(await health.check({ service })).toEqual({ status: 1 });
    expect((await errorOf(health.check({ service: 'no.such.Service' }))).code).toBe(Status.NOT_FOUND);
    const watch = health.watch({ service: '' })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toEqual({ status: 1 });
    const stopped = server.stop();
    expect((await watch.next()).value).toEqual({ status: 2 });
    for (const service of services) expect(await health.check({ service })).toEqual({ status: 2 });
    const end = watch.next();
    end.catch(() => {});
    drained.resolve();
    await expect(end).rejects.toMatchObject({ code: Status.CANCELLED });
    await stopped;
  });

  test('stop lets calls end before the modules stop', async () => {
    const steps: string[] = [];
    const entered = Promise.withResolvers<void>();
    const draining = Promise.withResolvers<void>();
    const module = moduleOf(
      {
        completeTasks: async () => {
          entered.resolve();
          await draining.promise;
          steps.push('answered');
          return { results: [] };
        },
      },
      {
        drain: async () => {
          steps.push('drain');
          draining.resolve();
        },
        stop: async () => void steps.push('stop'),
      },
    );
    const { server, dispatch } = await start(module);
    const call = dispatch.completeTasks(request);
    await entered.promise;
    await Promise.all([server.stop(), server.stop()]);
    expect(await call).toEqual({ results: [] });
    expect(steps).toEqual(['drain', 'answered', 'stop']);
  });

  test('what is left after the grace is cut off', async () => {
    const entered = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const module = moduleOf({
      completeTasks: (_, { signal }) => {
        entered.resolve();
        signal.addEventListener('abort', () => aborted.resolve());
        return new Promise(() => {});
      },
    });
    const { server, dispatch } = await start(module, { shutdownGrace: Duration.ofMillis(50) });
    const call = errorOf(dispatch.completeTasks(request));
    await entered.promise;
    await server.stop();
    await aborted.promise;
    expect([Status.CANCELLED, Status.UNAVAILABLE]).toContain((await call).code);
    expect(logged.map(({ message }) => message)).toContain('cutting off the calls that are left');
  });

  test('a module that does not start stops those that did, and nothing listens', async () => {
    const steps: string[] = [];
    const good = moduleOf({}, { stop: async () => void steps.push('stop') });
    const bad = { ...moduleOf({}, { start: () => Promise.reject(new Error('no database')) }), bindings: [] };
    const modules = [good, bad];
    const starting = serve({ modules, host: '127.0.0.1', port: 0, logger, shutdownGrace: Duration.ZERO });
    await expect(starting).rejects.toThrow('no database');
    expect(steps).toEqual(['stop']);
  });

  test('a request that is too large is refused', async () => {
    const { dispatch } = await start(moduleOf({ completeTasks: async () => ({ results: [] }) }), {
      limits: { maxMessageBytes: 1_000 },
    });
    expect(await dispatch.completeTasks({ ...request, namespace: 'x'.repeat(900) })).toEqual({ results: [] });
    const error = await errorOf(dispatch.completeTasks({ ...request, namespace: 'x'.repeat(1_001) }));
    expect(error.code).toBe(Status.RESOURCE_EXHAUSTED);
  });
});

async function* nothing(): AsyncGenerator<never> {}
