import { resolve } from 'node:path';
import { Duration } from '@orrery/duration';
import { Command, CommanderError, InvalidArgumentError } from 'commander';

/** What the demo is asked to do. */
export interface DemoOptions {
  /** The folder whose files are analysed, absolute. */
  readonly folder: string;
  readonly workers: number;
  /** How many files each worker analyses at once. */
  readonly concurrency: number;
  /** How long until the tasks of a worker that was killed run again. */
  readonly lease: Duration;
  /** Larger files are rejected. */
  readonly maxBytes: number;
  /** True: generated folders too. */
  readonly all: boolean;
  readonly json: boolean;
  /** True: the server goes on running. */
  readonly keep: boolean;
  /** Where the data is kept, absolute; null: in a temporary folder. */
  readonly dataDir: string | null;
  /** 0: any free one. */
  readonly port: number;
}

/** Where relative paths start, and what is analysed if nothing is named. */
export interface Places {
  readonly cwd: string;
  readonly repository: string;
}

interface Flags {
  readonly workers: number;
  readonly concurrency: number;
  readonly lease: number;
  readonly maxSize: number;
  readonly all?: true;
  readonly json?: true;
  readonly keep?: true;
  readonly dataDir?: string;
  readonly port: number;
}

const ABOUT = `
Shows Orrery at work on a folder of yours: starts a server (SQLite, nothing to install) and worker
processes, creates a task for each file, and shows what came of them.

Each task finds size, lines, words, SHA-256 and type of one text file. A file that is binary, not UTF-8,
too large, unreadable or gone is rejected: its task fails with an error that says so, at once. What may
pass (too many open files, a file that changes while it is read) is tried again, up to five times.`;

const AFTER = `
Try to break it: "kill -9" a worker or the server in the middle (--verbose names their process ids).
They are started again and nothing that was created is lost; what a killed worker held runs again when
its leases run out, after 30 s or what --lease says.

Exit codes: 0 every task ended and every result is there, rejected files included; 1 something was lost
or failed unexpectedly; 2 bad arguments; 130 Ctrl-C.

With npm's own lines out of the way: npm run -s demo -- --json | jq .summary`;

/** Reads the arguments; throws a CommanderError, its message already shown, for bad ones and after --help. */
export function readDemoOptions(args: readonly string[], { cwd, repository }: Places): DemoOptions & Verbosity {
  const command = new Command('demo')
    .usage('[folder] [options]      (npm run demo -- [folder] [options])')
    .description(ABOUT.trim())
    .argument('[folder]', 'the folder whose files are analysed (default: this repository)')
    .option('--workers <n>', 'how many worker processes', count(1, 64), 2)
    .option('--concurrency <n>', 'how many files each of them analyses at once', count(1, 1_000), 32)
    .option('--lease <seconds>', 'how soon the tasks of a killed worker run again', count(1, 3_600), 30)
    .option('--max-size <MiB>', 'reject larger files', count(1, 1_000_000), 100)
    .option('--all', 'do not pass by .git, node_modules and other generated folders')
    .option('--json', 'print one JSON object: files, failures, summary, skipped')
    .option('--keep', 'leave the server running, with its data in .orrery/demo')
    .option('--data-dir <folder>', 'keep the data there')
    .option('--port <n>', 'where the server listens; 0: any free port', count(0, 65_535), 0)
    .option('--verbose', 'name the processes and their log files')
    .addHelpText('after', AFTER)
    .exitOverride()
    .configureHelp({ helpWidth: 110 })
    .parse(args, { from: 'user' });
  const { maxSize, dataDir, ...flags } = command.opts<Flags & { verbose?: true }>();
  const kept = dataDir ?? (flags.keep ? resolve(repository, '.orrery/demo') : undefined);
  return {
    folder: command.args[0] === undefined ? repository : resolve(cwd, command.args[0]),
    workers: flags.workers,
    concurrency: flags.concurrency,
    lease: Duration.ofSeconds(flags.lease),
    maxBytes: maxSize * 1024 * 1024,
    all: flags.all ?? false,
    json: flags.json ?? false,
    keep: flags.keep ?? false,
    dataDir: kept === undefined ? null : resolve(cwd, kept),
    port: flags.port,
    verbose: flags.verbose ?? false,
  };
}

/** How much the demo tells. */
export interface Verbosity {
  readonly verbose: boolean;
}

/** The exit code for an error of `readDemoOptions`; undefined if it is none of its. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? 0 : 2;
}

function count(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
