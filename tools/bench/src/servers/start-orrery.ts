import { fileURLToPath } from 'node:url';
import { freePort, startProcess } from '@orrery/testing';
import type { Connection } from '../queue-system.ts';
import { dataDirectory } from './data-directory.ts';

type Env = Readonly<Record<string, string>>;
/** The NODE_OPTIONS of a server, by its name. */
export type NodeOptions = (service: string) => string;

type Service = 'standalone' | 'scheduler' | 'task-api' | 'worker-registry';

/** Starts Orrery in one process on an empty SQLite file. */
export async function startStandalone(ground: AsyncDisposableStack, nodeOptions: NodeOptions): Promise<Connection> {
  const directory = dataDirectory(ground, 'sqlite');
  return {
    url: await startService(ground, 'standalone', {
      ORRERY_DATA_DIR: directory,
      NODE_OPTIONS: nodeOptions('standalone'),
    }),
  };
}

/** Starts Orrery's services, each in a process of its own, on an empty PostgreSQL database; events go to NATS if it is given. */
export async function startServices(
  ground: AsyncDisposableStack,
  { databaseUrl, natsUrl, nodeOptions }: { databaseUrl: string; natsUrl?: string; nodeOptions: NodeOptions },
): Promise<Connection> {
  const env = {
    ORRERY_DATABASE_URL: databaseUrl,
    ...(natsUrl !== undefined && { ORRERY_NATS_URL: natsUrl }),
  };
  const scheduler = await startService(ground, 'scheduler', { ...env, NODE_OPTIONS: nodeOptions('scheduler') });
  const url = await startService(ground, 'task-api', {
    ...env,
    ORRERY_SCHEDULERS: scheduler,
    NODE_OPTIONS: nodeOptions('task-api'),
  });
  const registry = await startService(ground, 'worker-registry', {
    ...env,
    ORRERY_SCHEDULERS: scheduler,
    NODE_OPTIONS: nodeOptions('worker-registry'),
  });
  return { url, scheduler, registry, ...(natsUrl !== undefined && { nats: natsUrl }) };
}

async function startService(ground: AsyncDisposableStack, service: Service, env: Env): Promise<string> {
  const port = await freePort();
  const main = fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url));
  if (ground.disposed) throw new Error(`${service} is not needed any more`);
  const running = startProcess(main, { ...env, ORRERY_PORT: String(port), ORRERY_LOG_FORMAT: 'json' });
  ground.defer(async () => {
    await running.end();
  });
  await running.errorLine(/"listening"/);
  return `127.0.0.1:${port}`;
}
