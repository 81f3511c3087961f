import { fileURLToPath } from 'node:url';
import { freePort, startProcess, type TestProcess } from '@orrery/testing';
import type { Connection } from '../queue-system.ts';
import { dataDirectory } from './data-directory.ts';

type Env = Readonly<Record<string, string>>;
type Service = 'standalone' | 'scheduler' | 'task-api' | 'worker-registry';

/** Starts Orrery in one process on an empty SQLite file. */
export async function startStandalone(ground: AsyncDisposableStack, nodeOptions: string): Promise<Connection> {
  const directory = dataDirectory(ground, 'sqlite');
  return { url: await startService(ground, 'standalone', { ORRERY_DATA_DIR: directory, NODE_OPTIONS: nodeOptions }) };
}

/** Starts Orrery's services, each in a process of its own, on an empty PostgreSQL database; events go to NATS if it is given. */
export async function startServices(
  ground: AsyncDisposableStack,
  { databaseUrl, natsUrl, nodeOptions }: { databaseUrl: string; natsUrl?: string; nodeOptions: string },
): Promise<Connection> {
  const env = {
    ORRERY_DATABASE_URL: databaseUrl,
    NODE_OPTIONS: nodeOptions,
    ...(natsUrl !== undefined && { ORRERY_NATS_URL: natsUrl }),
  };
  const scheduler = await startService(ground, 'scheduler', env);
  const url = await startService(ground, 'task-api', { ...env, ORRERY_SCHEDULERS: scheduler });
  const registry = await startService(ground, 'worker-registry', { ...env, ORRERY_SCHEDULERS: scheduler });
  return { url, scheduler, registry };
}

async function startService(ground: AsyncDisposableStack, service: Service, env: Env): Promise<string> {
  const port = await freePort();
  const main = fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url));
  let running: TestProcess | undefined;
  // First, so that nothing is started on a ground that is gone.
  ground.defer(async () => void (await running?.end()));
  running = startProcess(main, { ...env, ORRERY_PORT: String(port), ORRERY_LOG_FORMAT: 'json' });
  await running.errorLine(/"listening"/);
  return `127.0.0.1:${port}`;
}
