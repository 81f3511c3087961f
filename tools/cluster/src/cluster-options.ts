import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_COUNTS, listeningNames } from './cluster.ts';
import type { Counts } from './process-spec.ts';

/** What the cluster command is asked to do. */
export interface CommandOptions {
  /** Absolute; undefined: a temporary folder. */
  readonly dataDir: string | undefined;
  readonly counts: Counts;
  /** By name of process; empty: any free ones. */
  readonly ports: Readonly<Record<string, number>>;
  readonly json: boolean;
  readonly logLevel: string;
}

interface Flags {
  readonly dataDir?: string;
  readonly port?: number;
  readonly taskApis: number;
  readonly schedulers: number;
  readonly workers: number;
  readonly nats: boolean;
  readonly json?: true;
  readonly logLevel: string;
}

const ABOUT = `
Runs all of Orrery on this machine as a team would on several: PostgreSQL, NATS, task-apis, schedulers, a
worker-registry, an assessment-logger and workers, each a process of its own, on the loopback interface.

Runs until Ctrl-C, then stops everything; a second Ctrl-C does so at once. A process that dies is started again.`;

const AFTER = `
What the processes log goes to standard error, each line with the name of its process; as JSON lines if that is
not a terminal. PostgreSQL comes with the packages; NATS must be installed (Debian: apt-get install nats-server),
and if it is not, root is asked whether to do so; where nobody can be asked it is done.

Exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 something could not be started; 2 bad arguments.

With npm's own lines out of the way: npm run -s cluster -- --json`;

/** Reads the arguments; throws a CommanderError, its message already shown, for bad ones and after --help. */
export function readCommandOptions(args: readonly string[], cwd: string): CommandOptions {
  const command = new Command('cluster')
    .usage('[options]      (npm run cluster -- [options])')
    .description(ABOUT.trim())
    .option('--data-dir <folder>', 'keep the data there (default: a temporary folder, deleted at the end)')
    .option('--port <n>', 'the first of consecutive ports: task-apis first (default: any free ports)', count(1, 65_000))
    .option('--task-apis <n>', 'how many task-apis', count(1, 16), DEFAULT_COUNTS['task-api'])
    .option('--schedulers <n>', 'how many schedulers', count(1, 16), DEFAULT_COUNTS.scheduler)
    .option('--workers <n>', 'how many workers', count(0, 64), DEFAULT_COUNTS.worker)
    .option('--no-nats', 'do without NATS: events are read from the database')
    .option('--log-level <level>', 'how much the services log: debug, info, warn, error', 'info')
    .option('--json', 'print one JSON object with addresses and process ids when everything is ready')
    .addHelpText('after', AFTER)
    .exitOverride()
    .configureHelp({ helpWidth: 110 })
    .parse(args, { from: 'user' });
  if (command.args.length > 0) command.error(`error: unexpected argument "${command.args[0] ?? ''}"`, { exitCode: 2 });
  const flags = command.opts<Flags>();
  const counts: Counts = {
    ...DEFAULT_COUNTS,
    nats: flags.nats ? 1 : 0,
    'task-api': flags.taskApis,
    scheduler: flags.schedulers,
    worker: flags.workers,
  };
  const { port: first } = flags;
  const ports = first === undefined ? [] : listeningNames(counts).map((name, index) => [name, first + index] as const);
  return {
    dataDir: flags.dataDir === undefined ? undefined : resolve(cwd, flags.dataDir),
    counts,
    ports: Object.fromEntries(ports),
    json: flags.json ?? false,
    logLevel: flags.logLevel,
  };
}

function count(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
