import { constants } from 'node:os';
import { CommanderError } from 'commander';
import { type Cluster, startCluster } from './cluster.ts';
import { readCommandOptions } from './cluster-options.ts';
import { toJson, welcome } from './describe-cluster.ts';
import { installNats } from './install-nats.ts';
import { type LogEntry, namedColors, toJsonLine, toTextLine } from './log-entry.ts';
import { NatsMissingError } from './nats-process.ts';

const AT_ONCE_AFTER_MS = 1_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { argv, env, stdin, stdout, stderr } = process;
  const stopping = interruption();
  const colors = namedColors();
  const log = (entry: LogEntry): void =>
    void stderr.write(`${stderr.isTTY ? toTextLine(entry, colors) : toJsonLine(entry)}\n`);
  try {
    // npm runs scripts in the repository, whatever folder it was called from.
    const calledFrom = env['npm_lifecycle_event'] === 'cluster' ? env['INIT_CWD'] : undefined;
    const { json, logLevel, ...options } = readCommandOptions(argv.slice(2), calledFrom ?? process.cwd());
    const start = (): Promise<Cluster> =>
      startCluster({ ...options, env: { ORRERY_LOG_LEVEL: logLevel }, log, signal: stopping });
    const cluster = await start().catch(async (error: unknown) => {
      if (!(error instanceof NatsMissingError)) throw error;
      if (!(await installNats({ input: stdin, output: stderr }, env['PATH']))) throw error;
      return start();
    });
    stdout.write(json ? `${toJson(cluster)}\n` : welcome(cluster));
    if (!stopping.aborted) await new Promise((resolve) => stopping.addEventListener('abort', resolve, { once: true }));
    await cluster.stop();
    return 0;
  } catch (error) {
    if (stopping.aborted) return 0;
    // It has been shown already; --help is one too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

/** Ctrl-C and SIGTERM ask for an orderly end; a second one, later than npm's copy of the first, ends at once: the reaper cleans up. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        process.stderr.write('cluster: stopping everything; once more does so at once\n');
      } else if (performance.now() - firstAt > AT_ONCE_AFTER_MS) process.exit(128 + constants.signals[name]);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return controller.signal;
}
