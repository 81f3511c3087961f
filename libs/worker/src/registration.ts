import { workerProgressToProto, workerv1 } from '@orrery/contracts';
import type { WorkerProfile, WorkerProgress } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { call, type CallSettings, type Logger, OrreryError, reconnectDelay, sleep } from '@orrery/rpc';

/** What a registration needs, and whom it tells. */
export interface RegistrationOptions {
  readonly stub: workerv1.WorkerServiceClient;
  readonly profile: WorkerProfile;
  readonly progress: () => WorkerProgress;
  readonly heartbeat: Duration;
  readonly call: Omit<CallSettings, 'deadline'>;
  readonly logger: Logger;
  /** The registry asks the worker to drain. */
  readonly onDrain: () => void;
}

/** A worker's presence in the registry. */
export interface Registration {
  /** Says goodbye; resolves once the registry has heard it, or did not answer in time. Never rejects. */
  stop(): Promise<void>;
}

const CALL_DEADLINE = Duration.ofSeconds(10);
const GOODBYE_DEADLINE = Duration.ofSeconds(5);

/** Registers a worker and beats until stopped. A registry that cannot be reached is asked again; work does not depend on it. */
export function keepRegistered(options: RegistrationOptions): Registration {
  const stopped = new AbortController();
  const settings: CallSettings = { ...options.call, deadline: CALL_DEADLINE };
  const ended = stayRegistered(options, settings, stopped.signal);
  return {
    async stop() {
      stopped.abort(new Error('the worker stopped'));
      if (await ended) await sayGoodbye(options);
    },
  };
}

/** Resolves, when stopped, with whether the registry knows of the worker. */
async function stayRegistered(
  options: RegistrationOptions,
  settings: CallSettings,
  signal: AbortSignal,
): Promise<boolean> {
  const { timers, random } = options.call;
  let interval: Duration | null = null;
  for (let failures = 0; !signal.aborted;) {
    try {
      if (interval) await beat(options, settings, signal);
      else interval = await register(options, settings, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) break;
      failures += 1;
      if (error instanceof OrreryError && error.reason === 'WORKER_NOT_FOUND') interval = null;
      else options.logger.warn({ err: error, failures }, 'the worker registry did not take the heartbeat');
    }
    const wait = failures > 0 || !interval ? reconnectDelay(failures, random()) : interval;
    await sleep(timers, wait, signal).catch(() => undefined);
  }
  return interval !== null;
}

async function register(options: RegistrationOptions, settings: CallSettings, signal: AbortSignal): Promise<Duration> {
  const worker = toProto(options.profile);
  const reply = await call((callOptions) => options.stub.registerWorker({ worker }, callOptions), settings, signal);
  const wanted = reply.heartbeatInterval && Duration.from(reply.heartbeatInterval);
  return wanted && !wanted.isZero && wanted < options.heartbeat ? wanted : options.heartbeat;
}

async function beat(options: RegistrationOptions, settings: CallSettings, signal: AbortSignal): Promise<void> {
  const { namespace, id: workerId } = options.profile;
  const request = { namespace, workerId, progress: workerProgressToProto(options.progress()) };
  const reply = await call((callOptions) => options.stub.heartbeatWorker(request, callOptions), settings, signal);
  if (reply.shouldDrain) options.onDrain();
}

async function sayGoodbye({ stub, profile, call: settings, logger }: RegistrationOptions): Promise<void> {
  const request = { namespace: profile.namespace, workerId: profile.id };
  try {
    await call((options) => stub.deregisterWorker(request, options), { ...settings, deadline: GOODBYE_DEADLINE });
  } catch (error) {
    logger.warn({ err: error }, 'the worker registry did not hear the goodbye');
  }
}

function toProto(profile: WorkerProfile): workerv1.Worker {
  return {
    id: profile.id,
    namespace: profile.namespace,
    queues: [...profile.queues],
    types: [...profile.types],
    concurrency: profile.concurrency,
    hostname: profile.hostname,
    processId: profile.processId,
    sdk: profile.sdk,
    labels: { ...profile.labels },
    state: workerv1.WorkerState.UNSPECIFIED,
    health: workerv1.WorkerHealth.UNSPECIFIED,
    healthReason: '',
    registerTime: undefined,
    heartbeatTime: undefined,
    progress: undefined,
  };
}
