import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import type { LogEntry } from './log-entry.ts';
import { prepareNats } from './nats-process.ts';
import { preparePostgres } from './postgres-process.ts';
import type { Counts, ProcessKind, ProcessSpec } from './process-spec.ts';
import { startReaper } from './reaper.ts';
import { serviceProcess, type ServiceSettings, workerProcess } from './service-processes.ts';
import { type ClusterProcess, SupervisedProcess, type Surroundings } from './supervised-process.ts';

/** How a cluster is made up; everything has a default. */
export interface ClusterOptions {
  /** Where the data is kept, absolute. Default: a temporary folder, deleted at the end, in whatever way that comes. */
  readonly dataDir?: string | undefined;
  /** Ports by the names of processes, e.g. "task-api-1"; a free one for those that are not named. */
  readonly ports?: Readonly<Record<string, number>> | undefined;
  /** How many of each, see `DEFAULT_COUNTS`. */
  readonly counts?: Partial<Counts> | undefined;
  /** Changes how a process is run, e.g. its program or its environment; for tests that break things. */
  readonly adjust?: ((spec: ProcessSpec) => ProcessSpec) | undefined;
  /** Goes into the environment of every service and worker. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What to inherit: PATH and the like; of Orrery's variables only ORRERY_NATS_SERVER counts. Default: what this process has. */
  readonly inherit?: Readonly<Record<string, string | undefined>> | undefined;
  /** Told of every line that a process writes, and of restarts. */
  readonly log?: ((entry: LogEntry) => void) | undefined;
  /** Ends the start early, and cleans up. */
  readonly signal?: AbortSignal | undefined;
}

/** Where the services listen, each "host:port". */
export interface Addresses {
  /** For clients; one of them is enough. */
  readonly taskApi: readonly string[];
  /** For workers; one of them is enough. */
  readonly scheduler: readonly string[];
  readonly workerRegistry: readonly string[];
  readonly assessmentLogger: readonly string[];
}

/** A cluster that runs on this machine. */
export interface Cluster {
  /** By name: "postgres", "nats", "task-api-1", "task-api-2", "scheduler-1" and so on, each kind numbered from 1. */
  readonly processes: ReadonlyMap<string, ClusterProcess>;
  /** The process of that name; throws a RangeError if there is none. */
  process(name: string): ClusterProcess;
  readonly postgres: ClusterProcess;
  /** Null if the services do without. */
  readonly nats: ClusterProcess | null;
  readonly addresses: Addresses;
  readonly databaseUrl: string;
  readonly natsUrl: string | null;
  readonly dataDir: string;
  /** Ends every process, those that depend on others first; resolves when all are gone. */
  stop(): Promise<void>;
}

/** One of what need not be more, two of what people scale. */
export const DEFAULT_COUNTS: Counts = Object.freeze({
  nats: 1,
  'task-api': 2,
  scheduler: 2,
  'worker-registry': 1,
  'assessment-logger': 1,
  worker: 2,
});

const SERVICES = ['task-api', 'scheduler', 'worker-registry', 'assessment-logger'] as const;
/** In which order processes end: whoever needs another goes first. */
const STOP_ORDER: readonly (readonly ProcessKind[])[] = [['worker'], SERVICES, ['nats'], ['postgres']];
const POOL = 10;
const SPARE_CONNECTIONS = 20;
const HOST = '127.0.0.1';

/** The names of the processes that listen, in the order in which ports are given to them. */
export function listeningNames(counts: Counts): readonly string[] {
  const services = SERVICES.flatMap((kind) => numbered(kind, counts[kind]));
  return [...services, 'postgres', ...(counts.nats > 0 ? ['nats'] : [])];
}

/** Starts everything; resolves when all of it is ready. When something does not start it stops the rest and throws. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const counts: Counts = { ...DEFAULT_COUNTS, ...options.counts };
  const surrounding = options.inherit ?? process.env;
  const inherited = Object.entries(surrounding).filter(([name]) => !name.startsWith('ORRERY_'));
  const env = Object.fromEntries(inherited);
  const folder = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'orrery-cluster-')));
  await mkdir(folder, { recursive: true });
  const log = options.log ?? (() => undefined);
  const reaper = startReaper(options.dataDir === undefined ? folder : null);
  const running: SupervisedProcess[] = [];
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => (ended ??= end());

  try {
    return await start();
  } catch (error) {
    await stop();
    options.signal?.throwIfAborted();
    throw error;
  }

  async function start(): Promise<Cluster> {
    const port = await portsFor(listeningNames(counts), options.ports ?? {});
    const around: Surroundings = { log, reaper };
    const begin = async (specs: readonly ProcessSpec[]): Promise<void> => {
      options.signal?.throwIfAborted();
      const begun = specs.map((spec) => new SupervisedProcess(options.adjust?.(spec) ?? spec, around));
      running.push(...begun);
      await unlessAborted(Promise.all(begun.map((each) => each.start())), options.signal);
    };

    const serviceCount = SERVICES.reduce((total, kind) => total + counts[kind], 0);
    const maxConnections = serviceCount * POOL + SPARE_CONNECTIONS;
    const [postgres, nats] = await Promise.all([
      preparePostgres({ folder, port: port('postgres'), maxConnections, env }),
      counts.nats > 0
        ? prepareNats({ folder, port: port('nats'), env, program: surrounding['ORRERY_NATS_SERVER'] })
        : null,
    ]);
    if (nats?.caution != null) log({ process: 'nats', line: nats.caution, ofCluster: true });
    await begin([postgres.spec, ...(nats ? [nats.spec] : [])]);

    const addressesOf = (kind: ProcessKind & keyof Counts): readonly string[] =>
      numbered(kind, counts[kind]).map((name) => `${HOST}:${port(name)}`);
    const addresses: Addresses = {
      taskApi: addressesOf('task-api'),
      scheduler: addressesOf('scheduler'),
      workerRegistry: addressesOf('worker-registry'),
      assessmentLogger: addressesOf('assessment-logger'),
    };
    const settings: ServiceSettings = {
      databaseUrl: postgres.url,
      natsUrl: nats?.url ?? null,
      schedulers: addresses.scheduler,
      registries: addresses.workerRegistry,
      env: { ...env, ORRERY_DATABASE_POOL: String(POOL), ...options.env },
    };
    const services = SERVICES.flatMap((kind) =>
      numbered(kind, counts[kind]).map((name) => serviceProcess(kind, name, port(name), settings)),
    );
    await begin(services);
    await begin(numbered('worker', counts.worker).map((name) => workerProcess(name, settings)));

    const processes = new Map(running.map((each) => [each.name, each]));
    const processOf = (name: string): ClusterProcess => {
      const found = processes.get(name);
      if (!found) throw new RangeError(`no process "${name}", only ${[...processes.keys()].join(', ')}`);
      return found;
    };
    return {
      processes,
      process: processOf,
      postgres: processOf('postgres'),
      nats: nats && processOf('nats'),
      addresses,
      databaseUrl: postgres.url,
      natsUrl: nats?.url ?? null,
      dataDir: folder,
      stop,
    };
  }

  async function end(): Promise<void> {
    for (const kinds of STOP_ORDER) {
      await Promise.all(running.filter(({ kind }) => kinds.includes(kind)).map((each) => each.stop()));
    }
    if (options.dataDir === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    reaper.dismiss();
  }
}

function numbered(kind: ProcessKind, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index + 1}`);
}

/** Looks ports up by name: those that were asked for, and free ones. */
async function portsFor(
  names: readonly string[],
  asked: Readonly<Record<string, number>>,
): Promise<(name: string) => number> {
  const unknown = Object.keys(asked).filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new RangeError(`no process listens that is called ${unknown.join(', ')}`);
  const open = names.filter((name) => asked[name] === undefined);
  const free = await freePorts(open.length, Object.values(asked));
  const ports = new Map([...Object.entries(asked), ...open.map((name, index) => [name, free[index] ?? 0] as const)]);
  return (name) => ports.get(name) ?? 0;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
