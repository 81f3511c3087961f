import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Duration } from '@orrery/duration';
import { z } from 'zod';
import { supervise, type Supervised, type SuperviseOptions } from './supervise.ts';

/** What the processes of the demo have in common. */
export interface ProcessOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where each process logs, in a file of its name. */
  readonly logDir: string;
  /** Ends the start of a process early. */
  readonly signal: AbortSignal;
  /** Told whenever a process ended and will be started again. */
  readonly onRestart: (name: string, ended: string, delay: Duration) => void;
}

/** A server that is looked after. */
export interface Server {
  readonly process: Supervised;
  /** "host:port", the same after each restart. */
  readonly address: string;
}

const HOST = '127.0.0.1';
const LISTENING_WITHIN = Duration.ofSeconds(30);
const LOOK_EVERY_MS = 25;
/** What the demo reads in a line of a server's log. */
const logLine = z.object({
  level: z.string(),
  message: z.string(),
  port: z.number().optional(),
  error: z.object({ message: z.string() }).optional(),
});
const LOG_TAIL_LINES = 5;
const STANDALONE = fileURLToPath(new URL('../../../services/standalone/src/main.ts', import.meta.url));
const WORKER = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
const EXIT_WITH_PARENT = new URL('./exit-with-parent.ts', import.meta.url).href;

/** Starts Orrery in one process on SQLite; resolves once it listens, rejects with the end of its log if it does not come up. */
export async function startServer(
  options: ProcessOptions & { readonly dataDir: string; readonly port: number; readonly outlives: boolean },
): Promise<Server> {
  const logFile = join(options.logDir, 'server.log');
  const logStart = await stat(logFile).then(
    ({ size }) => size,
    () => 0,
  );
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  let { port } = options;
  let up = false;
  const start = () => {
    // Of the environment nothing that configures Orrery: the demo must not write into somebody's database.
    const inherited = Object.entries(options.env).filter(([name]) => !name.startsWith('ORRERY_'));
    const env = {
      ...Object.fromEntries(inherited),
      ORRERY_HOST: HOST,
      ORRERY_PORT: String(port),
      ORRERY_DATA_DIR: options.dataDir,
      ORRERY_LOG_FORMAT: 'json',
    };
    return launch({ script: STANDALONE, args: [], env, logFile, outlives: options.outlives });
  };
  const process = keepAlive('server', start, options, (name, ended, delay) => {
    if (up) options.onRestart(name, ended, delay);
    else failed.reject(new Error(`the server ${ended} before it listened`));
  });
  const giveUp = new AbortController();
  const signal = AbortSignal.any([giveUp.signal, options.signal]);
  try {
    port = await Promise.race([portIn(logFile, logStart, signal), failed.promise]);
  } catch (error) {
    giveUp.abort();
    await process.stop();
    options.signal.throwIfAborted();
    throw new Error(`${messageOf(error)}\n${await complaintsIn(logFile, logStart)}`, { cause: error });
  }
  up = true;
  return { process, address: `${HOST}:${port}` };
}

/** A worker that is looked after. */
export interface WorkerProcess {
  readonly process: Supervised;
  /** Resolves once it takes tasks; a restart does not change that. */
  readonly connected: Promise<void>;
}

/** Starts a worker process. */
export function startWorker(
  options: ProcessOptions & {
    readonly number: number;
    readonly address: string;
    readonly concurrency: number;
    readonly lease: Duration;
  },
): WorkerProcess {
  const name = `worker ${options.number}`;
  const logFile = join(options.logDir, `worker-${options.number}.log`);
  const args = [options.address, String(options.concurrency), options.lease.toString()];
  const connected = Promise.withResolvers<void>();
  const start = () =>
    launch({ script: WORKER, args, env: options.env, logFile, outlives: false }).once('message', () =>
      connected.resolve(),
    );
  return { process: keepAlive(name, start, options, options.onRestart), connected: connected.promise };
}

function keepAlive(
  name: string,
  start: SuperviseOptions['start'],
  { logDir }: ProcessOptions,
  onRestart: ProcessOptions['onRestart'],
): Supervised {
  return supervise({
    name: `${name} (log in ${logDir})`,
    start,
    initialDelay: Duration.ofMillis(200),
    maxDelay: Duration.ofSeconds(5),
    healthyAfter: Duration.ofSeconds(10),
    maxRestarts: 8,
    stopGrace: Duration.ofSeconds(15),
    onRestart: (ended, delay) => onRestart(name, ended, delay),
  });
}

interface Launch {
  readonly script: string;
  readonly args: readonly string[];
  readonly env: ProcessOptions['env'];
  readonly logFile: string;
  readonly outlives: boolean;
}

function launch({ script, args, env, logFile, outlives }: Launch): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    const flags = ['--conditions=@orrery/source', '--no-warnings', ...(outlives ? [] : ['--import', EXIT_WITH_PARENT])];
    return spawn(process.execPath, [...flags, script, ...args], {
      env,
      // A group of its own: Ctrl-C reaches the demo alone, which then ends the others in order.
      detached: true,
      stdio: outlives ? ['ignore', log, log] : ['ignore', log, log, 'ipc'],
    });
  } finally {
    closeSync(log);
  }
}

/** The port that the server says, in its log, it listens on. */
async function portIn(logFile: string, from: number, signal: AbortSignal): Promise<number> {
  const until = performance.now() + LISTENING_WITHIN.toMillis();
  while (performance.now() < until) {
    const log = (await readFile(logFile)).subarray(from).toString();
    const lines = log.split('\n').slice(0, -1);
    const port = lines.map(listeningPortIn).find((found) => found !== undefined);
    if (port !== undefined) return port;
    await pause(LOOK_EVERY_MS, undefined, { signal });
  }
  throw new Error(`the server did not listen within ${LISTENING_WITHIN.toString()}`);
}

function listeningPortIn(line: string): number | undefined {
  try {
    const { message, port } = logLine.parse(JSON.parse(line));
    return message === 'listening' ? port : undefined;
  } catch {
    // What the process says to people is not JSON.
    return undefined;
  }
}

/** What the log says went wrong since the given offset: its errors, else its last lines. */
async function complaintsIn(logFile: string, from: number): Promise<string> {
  const lines = (await readFile(logFile)).subarray(from).toString().trimEnd().split('\n');
  const errors = lines.flatMap((line) => errorIn(line) ?? []);
  return (errors.length > 0 ? errors : lines).slice(-LOG_TAIL_LINES).join('\n');
}

function errorIn(line: string): string | undefined {
  try {
    const { level, message, error } = logLine.parse(JSON.parse(line));
    return level === 'error' ? (error?.message ?? message) : undefined;
  } catch {
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
