import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { exitCodeOf, readFaultsOptions } from './faults-options.ts';
import { renderResults } from './render-results.ts';
import { type Result, runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  const { argv, stdout, stderr } = process;
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      stderr.write('\nfaults: stopping everything\n');
      stopping.abort(new Error(`stopped by ${name}`));
      process.exitCode = 128 + constants.signals[name];
    });
  }
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
    const results: Result[] = [];
    for (const scenario of options.scenarios) {
      const result = await runScenario(scenario, { ...options, signal: stopping.signal, say });
      say(`${result.name}: ${result.verdict}, ${result.seconds.toFixed(0)} s`);
      results.push(result);
    }
    if (stderr.isTTY) stderr.write('\n');
    stdout.write(
      options.json ? `${JSON.stringify({ seed: options.seed, results })}\n` : renderResults(results, options.seed),
    );
    return results.every(({ verdict }) => verdict !== 'FAILS') ? 0 : 1;
  } catch (error) {
    if (stopping.signal.aborted) return Number(process.exitCode ?? 1);
    const usage = exitCodeOf(error);
    if (usage !== undefined) return usage;
    stderr.write(`faults: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
