import { fileURLToPath } from 'node:url';
import { Duration } from '@orrery/duration';
import { fieldsOf } from './log-entry.ts';
import type { ProcessKind, ProcessSpec } from './process-spec.ts';

const HOST = '127.0.0.1';

/** The processes that are services, by kind. */
export type ServiceKind = Exclude<ProcessKind, 'postgres' | 'nats' | 'worker'>;

/** What services and workers are told. */
export interface ServiceSettings {
  readonly databaseUrl: string;
  readonly natsUrl: string | null;
  readonly schedulers: readonly string[];
  readonly registries: readonly string[];
  /** What else goes into their environment. */
  readonly env: ProcessSpec['env'];
}

/** How a service is run, from source. */
export function serviceProcess(
  kind: ServiceKind,
  name: string,
  port: number,
  { databaseUrl, natsUrl, schedulers, env }: ServiceSettings,
): ProcessSpec {
  return {
    name,
    kind,
    address: `${HOST}:${port}`,
    ...node(new URL(`../../../services/${kind}/src/main.ts`, import.meta.url)),
    env: {
      ORRERY_HOST: HOST,
      ORRERY_PORT: String(port),
      ORRERY_DATABASE_URL: databaseUrl,
      ORRERY_NATS_URL: natsUrl ?? undefined,
      ORRERY_SCHEDULERS: schedulers.join(','),
      ORRERY_LOG_FORMAT: 'json',
      ...env,
    },
    isReady: (line) => fieldsOf(line)?.['message'] === 'listening',
    readyWithin: Duration.ofSeconds(90),
    stopSignal: 'SIGTERM',
  };
}

/** How a worker is run, from source. */
export function workerProcess(name: string, { schedulers, registries, env }: ServiceSettings): ProcessSpec {
  return {
    name,
    kind: 'worker',
    address: null,
    ...node(new URL('./worker-main.ts', import.meta.url)),
    env: {
      ...env,
      ORRERY_ADDRESS: schedulers.join(','),
      ORRERY_REGISTRY_ADDRESS: registries.join(','),
      WORKER_ID: name,
    },
    isReady: (line) => fieldsOf(line)?.['message'] === 'connected',
    readyWithin: Duration.ofSeconds(90),
    stopSignal: 'SIGTERM',
  };
}

function node(file: URL): Pick<ProcessSpec, 'command' | 'args'> {
  return { command: process.execPath, args: ['--conditions=@orrery/source', '--no-warnings', fileURLToPath(file)] };
}
