import { freePort, startEphemeralPostgres } from '@orrery/testing';
import { dataDirectory } from './data-directory.ts';
import { startProgram } from './start-program.ts';

const HOST = '127.0.0.1';

/** Durable as it comes: fsync and synchronous_commit are on. */
const POSTGRES_SETTINGS = { shared_buffers: '1GB', jit: 'off', synchronous_commit: 'on', max_connections: '200' };

/** Starts an empty PostgreSQL; the URL of a database in it. */
export async function startPostgres(ground: AsyncDisposableStack): Promise<string> {
  const server = await startEphemeralPostgres(POSTGRES_SETTINGS);
  ground.defer(() => server.stop());
  return server.createDatabase('bench');
}

/** When Redis writes what it acknowledged to the disk. */
export type AppendFsync = 'everysec' | 'always';

/** Starts an empty Redis that writes an append-only file; its URL. */
export async function startRedis(ground: AsyncDisposableStack, appendfsync: AppendFsync): Promise<string> {
  const dir = dataDirectory(ground, 'redis');
  const port = await freePort();
  const settings = {
    port,
    bind: HOST,
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync,
    'maxmemory-policy': 'noeviction',
  };
  await startProgram(ground, {
    name: 'redis-server',
    debianPackage: 'redis-server',
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ready: /Ready to accept connections/,
  });
  return `redis://${HOST}:${port}`;
}

/** Starts an empty NATS with JetStream in files; its URL. */
export async function startNats(ground: AsyncDisposableStack): Promise<string> {
  const directory = dataDirectory(ground, 'nats');
  const port = await freePort();
  await startProgram(ground, {
    name: 'nats-server',
    debianPackage: 'nats-server',
    args: ['--addr', HOST, '--port', String(port), '--jetstream', '--store_dir', directory],
    ready: /Server is ready/,
  });
  return `nats://${HOST}:${port}`;
}
