import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Client, createClient, type Logger } from '@orrery/client';
import { createTasks } from './create-tasks.ts';
import type { DemoOptions, Verbosity } from './demo-options.ts';
import { errorCodeOf } from './error-code.ts';
import type { FileParams } from './file-analysis.ts';
import { listFiles, type Listing } from './list-files.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { type ProcessOptions, type Server, startServer, startWorker, type WorkerProcess } from './processes.ts';
import type { Progress } from './progress.ts';
import { isComplete, type Report, toReport } from './report.ts';

/** What the demo needs from the process it runs in. */
export interface Surroundings {
  readonly env: ProcessOptions['env'];
  readonly progress: Progress;
  /** Ends the run early; everything that was started is ended first. */
  readonly signal: AbortSignal;
}

/** A folder that cannot be listed; the message says why. */
export class BadFolderError extends Error {
  override readonly name = 'BadFolderError';
}

/**
 * Runs the demo from start to end and cleans up after itself. Throws a BadFolderError, the signal's reason, or an Error that says
 * which process could not be kept alive.
 */
export async function runDemo(
  options: DemoOptions & Verbosity,
  { env, progress, signal }: Surroundings,
): Promise<{ readonly report: Report; readonly complete: boolean }> {
  const { files, skipped } = await list(options);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => progress.end());
  const dataDir = await openDataDir(options, cleanUp);
  const processOptions: ProcessOptions = {
    env,
    logDir: dataDir,
    signal,
    onRestart(name, ended, delay) {
      const leases = name === 'server' ? '' : `; what it held runs again after ${options.lease.toString()}`;
      progress.say(`${name} ${ended}: starting it again in ${delay.toString()}${leases}`);
    },
  };

  progress.say(`${count(files.length, 'file')} in ${options.folder}: starting the server and the workers`);
  const server = await startServer({ ...processOptions, dataDir, port: options.port, outlives: options.keep });
  let keepServer = false;
  cleanUp.defer(() => (keepServer ? server.process.release() : server.process.stop()));
  const { folder, concurrency, lease } = options;
  const workers = Array.from({ length: options.workers }, (_, index) =>
    startWorker({ ...processOptions, number: index + 1, address: server.address, concurrency, lease }),
  );
  cleanUp.defer(async () => {
    await Promise.all(workers.map(({ process }) => process.stop()));
  });
  if (options.verbose) progress.say(describe(server, workers, dataDir));

  const client = createClient({ address: server.address, logger: silent });
  cleanUp.defer(() => client.close());
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  if (signal.aborted) aborted.reject(signal.reason);
  signal.addEventListener('abort', () => aborted.reject(signal.reason), { once: true });
  const broken = [server.process.givenUp, ...workers.map(({ process }) => process.givenUp), aborted.promise];
  await Promise.race([Promise.all(workers.map(({ connected }) => connected)), ...broken]);
  const startedAt = performance.now();
  const outcomes = await Promise.race([analyzeAll(client, files, { options, progress, signal }), ...broken]);
  const seconds = Math.round(performance.now() - startedAt) / 1_000;

  keepServer = options.keep;
  const restarts = {
    server: server.process.restarts,
    workers: workers.reduce((total, worker) => total + worker.process.restarts, 0),
  };
  const kept = keepServer ? { address: server.address, pid: server.process.pid ?? 0, dataDir } : null;
  const facts = { folder, seconds, workers: workers.length, concurrency, restarts, server: kept };
  const report = toReport(outcomes, skipped, facts);
  return { report, complete: isComplete(report, files.length) };
}

async function list({ folder, all, dataDir }: DemoOptions): Promise<Listing> {
  try {
    return await listFiles(folder, { all, ...(dataDir !== null && { except: dataDir }) });
  } catch (error) {
    const code = errorCodeOf(error);
    const why: Record<string, string> = { ENOENT: 'it does not exist', ENOTDIR: 'it is not a folder' };
    if (code === undefined) throw error;
    throw new BadFolderError(`cannot analyse "${folder}": ${why[code] ?? `it cannot be read (${code})`}`);
  }
}

async function openDataDir({ dataDir }: DemoOptions, cleanUp: AsyncDisposableStack): Promise<string> {
  if (dataDir !== null) {
    await mkdir(dataDir, { recursive: true });
    return dataDir;
  }
  const temporary = await mkdtemp(join(tmpdir(), 'orrery-demo-'));
  cleanUp.defer(() => rm(temporary, { recursive: true, force: true, maxRetries: 3 }));
  return temporary;
}

/** Creates the tasks and follows each batch from its creation on, so that the first results are seen before the last task is created. */
async function analyzeAll(
  client: Client,
  files: Listing['files'],
  { options, progress, signal }: { options: DemoOptions; progress: Progress; signal: AbortSignal },
): Promise<readonly Outcome[]> {
  const params = files.map(({ path, bytes }): FileParams => {
    const absolute = resolve(options.folder, path);
    return { path: absolute, ...(bytes && { pathBytes: bytes.toString('base64') }), maxBytes: options.maxBytes };
  });
  const outcomes: Outcome[] = [];
  let withoutResult = 0;
  const follow = async (paths: ReadonlyMap<string, string>) => {
    for await (const task of client.tasks.watch(paths.keys(), { signal })) {
      const outcome = outcomeOf(paths.get(task.id) ?? '', task);
      outcomes.push(outcome);
      if (outcome.kind !== 'analyzed') withoutResult += 1;
      progress.update(outcomes.length, withoutResult);
    }
  };
  progress.begin(files.length);
  progress.update(0, 0);
  const following: Promise<void>[] = [];
  let created = 0;
  for await (const handles of createTasks(client, params, { run: `demo-${randomUUID()}`, signal })) {
    const followed = follow(new Map(handles.map(({ id }, index) => [id, files[created + index]?.path ?? ''])));
    created += handles.length;
    followed.catch(() => undefined);
    following.push(followed);
  }
  await Promise.all(following);
  progress.end();
  return outcomes;
}

function describe(server: Server, workers: readonly WorkerProcess[], dataDir: string): string {
  const processes = workers.map(({ process }, index) => `worker ${index + 1} is process ${process.pid}`);
  return [
    `server is process ${server.process.pid}, listens on ${server.address}`,
    ...processes,
    `logs in ${dataDir}`,
  ].join('\n');
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

// Reconnections are told by the supervisor, once, in words.
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
