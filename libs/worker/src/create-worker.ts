import { createRequire } from 'node:module';
import { dispatchv1, workerv1 } from '@orrery/contracts';
import type { WorkerProfile } from '@orrery/core';
import { openChannel, traceCalls } from '@orrery/rpc';
import { createClientFactory } from 'nice-grpc';
import { openDispatch } from './dispatch.ts';
import { drain } from './drain.ts';
import type { HandlerOptions, TaskHandler } from './handler.ts';
import { Handlers } from './handlers.ts';
import { Progress } from './progress.ts';
import { keepRegistered } from './registration.ts';
import { readWorkerOptions, type WorkerOptions, type WorkerSettings } from './worker-options.ts';

/** Claims tasks and runs them. */
export interface Worker extends AsyncDisposable {
  readonly id: string;
  /**
   * Adds a handler for a type, for all types below a name ("PrismQ.*"), or for all types ("*"). Throws if there is one already,
   * or if the worker has been started.
   */
  handle<P = unknown, R = unknown>(type: string, handler: TaskHandler<P, R>, options?: HandlerOptions): Worker;
  /** Starts working; resolves once connected. Waits for a server that is not there yet, rejects if it refuses the worker. */
  start(): Promise<void>;
  /**
   * Stops working: hands back what was not started, lets handlers end, aborts those that take longer than `shutdownTimeout`.
   * Resolves once the server has heard of everything. Never rejects.
   */
  stop(): Promise<void>;
  /** Starts, and works until stopped, drained by the registry, or sent SIGTERM or SIGINT; a second signal aborts handlers. */
  run(): Promise<void>;
}

/** Sets up a worker; nothing happens before `start` or `run`. Throws a RangeError or InvalidDurationError for bad options. */
export function createWorker(options: WorkerOptions = {}): Worker {
  const settings = readWorkerOptions(options);
  const handlers = new Handlers();
  const hurry = new AbortController();
  const stopped = Promise.withResolvers<void>();
  let running: RunningWorker | null = null;
  let stopping: Promise<void> | null = null;

  const start = async () => {
    if (stopping) throw new Error('the worker was stopped; create another one');
    running ??= open(settings, handlers, () => void stop());
    await running.connected();
  };
  const stop = () => {
    stopping ??= (running?.stop(hurry.signal) ?? Promise.resolve()).then(() => stopped.resolve());
    return stopping;
  };
  const worker: Worker = {
    id: settings.id,
    handle(type, handler, handlerOptions) {
      if (running) throw new Error('handlers are added before the worker is started');
      handlers.add(type, handler as TaskHandler, handlerOptions);
      return worker;
    },
    start,
    stop,
    async run() {
      const onSignal = () => (stopping ? hurry.abort() : void stop());
      process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
      try {
        await start().catch((error: unknown) => {
          if (!stopping) throw error;
        });
        await stopped.promise;
      } finally {
        process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
        await stop();
      }
    },
    [Symbol.asyncDispose]: stop,
  };
  return worker;
}

interface RunningWorker {
  connected(): Promise<void>;
  stop(hurry: AbortSignal): Promise<void>;
}

function open(settings: WorkerSettings, handlers: Handlers, onDrain: () => void): RunningWorker {
  if (handlers.isEmpty) throw new Error('a worker needs at least one handler');
  const progress = new Progress();
  const channel = openChannel(settings);
  const registryChannel =
    settings.registry === settings.address ? channel : openChannel({ ...settings, address: settings.registry });
  const factory = createClientFactory().use(traceCalls);
  const dispatch = openDispatch(
    settings,
    handlers,
    factory.create(dispatchv1.DispatchServiceDefinition, channel),
    progress,
  );
  const registration = keepRegistered({
    stub: factory.create(workerv1.WorkerServiceDefinition, registryChannel),
    profile: profileOf(settings, handlers),
    progress: () => ({
      running: dispatch.running,
      succeeded: progress.succeeded,
      failed: progress.failed,
      lastFinishAt: progress.lastFinishAt,
    }),
    heartbeat: settings.heartbeat,
    call: settings,
    logger: settings.logger,
    onDrain,
  });
  return {
    connected: () => dispatch.connected(),
    async stop(hurry) {
      await drain(dispatch, settings, hurry);
      await registration.stop();
      channel.close();
      if (registryChannel !== channel) registryChannel.close();
    },
  };
}

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

function profileOf(settings: WorkerSettings, handlers: Handlers): WorkerProfile {
  const { id, namespace, queues, concurrency, hostname, labels } = settings;
  const sdk = `orrery-typescript/${version}`;
  return { id, namespace, queues, types: handlers.types, concurrency, hostname, processId: process.pid, sdk, labels };
}
