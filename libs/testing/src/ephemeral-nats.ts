import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './test-process.ts';

/** A NATS server with JetStream of one's own, gone with all its data when stopped, or when this process ends in whatever way. */
export interface EphemeralNats {
  /** "nats://127.0.0.1:port", the same for as long as it lives. */
  readonly url: string;
  readonly port: number;
  /** Ends the server at once and keeps its data, as if the power had gone. */
  kill(): Promise<void>;
  /** Starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Stops it and deletes its data. */
  stop(): Promise<void>;
}

/** How a server is made. */
export interface EphemeralNatsOptions {
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** Lines of nats-server configuration beside port and storage. */
  readonly config?: string | undefined;
}

const HOST = '127.0.0.1';
const STARTS_WITHIN_MS = 15_000;

/**
 * Starts a server on the loopback interface. The program is $ORRERY_NATS_SERVER, or `nats-server` on the PATH, or as root Debian's
 * package is installed. Throws, saying what to do, if there is none or it does not come up.
 */
export async function startEphemeralNats(options: EphemeralNatsOptions = {}): Promise<EphemeralNats> {
  const program = await findNatsServer();
  const directory = await mkdtemp(join(tmpdir(), 'orrery-nats-'));
  const port = options.port ?? (await freePort());
  const config = join(directory, 'nats.conf');
  const lines = [`listen: "${HOST}:${port}"`, 'jetstream {', `  store_dir: "${join(directory, 'data')}"`, '}'];
  await writeFile(config, `${lines.join('\n')}\n${options.config ?? ''}\n`);
  let server: Server | undefined = await start(program, config, port);
  const release = releaseWhenOrphaned(directory);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = server;
    server = undefined;
    await ending?.end(signal);
  };
  return {
    url: `nats://${HOST}:${port}`,
    port,
    kill: () => end('SIGKILL'),
    restart: async () => {
      await end('SIGTERM');
      server = await start(program, config, port);
    },
    stop: async () => {
      await end('SIGTERM');
      release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Starts so many servers as one cluster with JetStream, whose streams can have replicas. Resolves when they have found each other.
 * The options' port is not used.
 */
export async function startNatsCluster(
  size: number,
  options: EphemeralNatsOptions = {},
): Promise<readonly EphemeralNats[]> {
  const routes = await Promise.all(Array.from({ length: size }, () => freePort()));
  const urls = routes.map((port) => `"nats://${HOST}:${port}"`);
  const start = (port: number, index: number): Promise<EphemeralNats> => {
    const cluster = `cluster { name: test, listen: "${HOST}:${port}", routes: [${urls.join(', ')}] }`;
    const config = `server_name: n${index + 1}\n${cluster}\n${options.config ?? ''}`;
    return startEphemeralNats({ ...options, port: undefined, config });
  };
  const started = await Promise.allSettled(routes.map(start));
  const servers = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = started.find((each) => each.status === 'rejected');
  if (!failed) return servers;
  await Promise.all(servers.map((server) => server.stop()));
  throw failed.reason;
}

interface Server {
  end(signal: NodeJS.Signals): Promise<void>;
}

async function start(program: string, config: string, port: number): Promise<Server> {
  // The shell notes the pid before it becomes the server, so that it can be ended even when this process is gone.
  const script = `echo $$ > "$1.pid"; exec "$0" -c "$1"`;
  const child = spawn('sh', ['-c', script, program, config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  let isReady = false;
  child.stderr.on('data', (chunk) => {
    log = `${log}${String(chunk)}`;
    isReady ||= log.includes('Server is ready');
    log = log.slice(-2_000);
  });
  const ended = once(child, 'exit');
  for (const giveUp = Date.now() + STARTS_WITHIN_MS; !(isReady && (await answers(port)));) {
    if (child.exitCode !== null || Date.now() > giveUp) {
      child.kill('SIGKILL');
      throw new Error(`${program} did not come up on port ${port}:\n${log}`);
    }
    await setTimeout(20);
  }
  return { end: (signal) => endChild(child, ended, signal) };
}

async function endChild(child: ChildProcess, ended: Promise<unknown>, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await ended;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The path of nats-server, which is installed where it is not there and that is allowed. */
export async function findNatsServer(): Promise<string> {
  const named = process.env['ORRERY_NATS_SERVER'];
  if (named) return named;
  const onPath = await search();
  if (onPath) return onPath;
  if (process.getuid?.() !== 0) throw new Error(`there is no nats-server; ${WHAT_TO_DO}`);
  try {
    // Several specs may come to this at once; apt waits for its own lock.
    const install = 'apt-get update -qq && apt-get install -y -qq -o DPkg::Lock::Timeout=120 nats-server';
    await promisify(execFile)('sh', ['-c', `${install} || { sleep 10; ${install}; }`]);
  } catch (error) {
    throw new Error(`nats-server cannot be installed; ${WHAT_TO_DO}`, { cause: error });
  }
  const installed = await search();
  if (!installed) throw new Error(`Debian's package brought no nats-server; ${WHAT_TO_DO}`);
  return installed;
}

const WHAT_TO_DO =
  'install it ("apt-get install nats-server", or a release from github.com/nats-io/nats-server) or name the program in ORRERY_NATS_SERVER';

async function search(): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  for (const folder of folders) {
    const program = join(folder, 'nats-server');
    if (
      await access(program, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return program;
  }
  return undefined;
}

/** Ends the server and deletes its data when this process is gone: a child waits until the pipe to it closes. */
function releaseWhenOrphaned(directory: string): () => void {
  const script = `read -r dismissed && exit
    pid=$(cat "$0/nats.conf.pid") && kill -KILL "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    rm -rf "$0"`;
  const child = spawn('sh', ['-c', script, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.unref();
  const { stdin } = child;
  (stdin as { unref?(): void }).unref?.();
  return () => stdin.end('dismissed\n');
}
