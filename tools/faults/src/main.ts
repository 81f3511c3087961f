import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { exitCodeOf, readFaultsOptions } from './faults-options.ts';
import { renderResults } from './render-results.ts';
import { type Result, runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

const AT_ONCE_AFTER_MS = 1_000;

// Said outright: a package that the test servers need ends processes with 0 when they have nothing left to do.
process.exit(await main());

async function main(): Promise<number> {
  const { argv, stdout, stderr } = process;
  const interrupt = interruption();
  const startedAt = performance.now();
  const say = (message: string): void => {
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4);
    stderr.write(stderr.isTTY ? `\r\x1b[2K${seconds} s  ${message}` : `${seconds} s  ${message}\n`);
  };
  try {
    const options = readFaultsOptions(argv.slice(2), SCENARIOS, randomInt(2 ** 32));
    if (options.list) {
      for (const { name, proves } of options.scenarios) stdout.write(`${name.padEnd(22)}${proves}\n`);
      return 0;
    }
    say(`seed ${options.seed}`);
    const results = new Map<Scenario, Result>();
    const waiting = [...options.scenarios];
    const runOn = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const result = await runScenario(next, { ...options, signal: interrupt.signal, say });
        say(`${result.name}: ${result.verdict}, ${result.seconds.toFixed(0)} s`);
        results.set(next, result);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: options.jobs }, runOn));
    for (const each of ended) if (each.status === 'rejected') throw each.reason;
    const inOrder = options.scenarios.flatMap((scenario) => results.get(scenario) ?? []);
    if (stderr.isTTY) stderr.write('\n');
    stdout.write(
      options.json
        ? `${JSON.stringify({ seed: options.seed, results: inOrder })}\n`
        : renderResults(inOrder, options.seed),
    );
    return inOrder.every(({ verdict }) => verdict !== 'FAILS') ? 0 : 1;
  } catch (error) {
    if (interrupt.signal.aborted) return interrupt.exitCode();
    const usage = exitCodeOf(error);
    if (usage !== undefined) return usage;
    stderr.write(`faults: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}

/** Ctrl-C and SIGTERM ask for an orderly end; a second one, later than npm's copy of the first, ends at once: clusters end with us. */
function interruption(): { readonly signal: AbortSignal; exitCode(): number } {
  const controller = new AbortController();
  let firstAt = 0;
  let exitCode = 1;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      exitCode = 128 + constants.signals[name];
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        process.stderr.write('\nfaults: stopping everything; once more does so at once\n');
      } else if (performance.now() - firstAt > AT_ONCE_AFTER_MS) process.exit(exitCode);
      controller.abort(new Error(`stopped by ${name}`));
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}
