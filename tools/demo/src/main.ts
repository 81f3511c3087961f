import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, readDemoOptions } from './demo-options.ts';
import { createProgress } from './progress.ts';
import { renderReport } from './render-report.ts';
import { BadFolderError, runDemo } from './run-demo.ts';

const ABORT_AGAIN_AFTER_MS = 1_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const { argv, env, stdout, stderr } = process;
  const progress = createProgress(stderr);
  const interrupt = interruption();
  try {
    // npm runs scripts in the repository, whatever folder it was called from.
    const calledFrom = env['npm_lifecycle_event'] === 'demo' ? env['INIT_CWD'] : undefined;
    const cwd = calledFrom ?? process.cwd();
    const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
    const options = readDemoOptions(argv.slice(2), { cwd, repository });
    const { report, complete } = await runDemo(options, { env, progress, signal: interrupt.signal });
    stdout.write(options.json ? `${JSON.stringify(report)}\n` : renderReport(report, { color: useColor() }));
    return complete ? 0 : 1;
  } catch (error) {
    progress.end();
    if (interrupt.signal.aborted) {
      progress.say('Stopped; everything that was started is gone.');
      return interrupt.exitCode();
    }
    const usage = exitCodeOf(error);
    if (usage !== undefined) return usage;
    progress.say(`demo: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof BadFolderError ? 2 : 1;
  }
}

function useColor(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}

/** Ctrl-C and SIGTERM ask for an orderly end; a second one, later than npm's copy of the first, ends at once. */
function interruption() {
  const controller = new AbortController();
  let firstAt = 0;
  let exitCode = 1;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      exitCode = 128 + constants.signals[name];
      if (!controller.signal.aborted) firstAt = performance.now();
      else if (performance.now() - firstAt > ABORT_AGAIN_AFTER_MS) process.exit(exitCode);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}
