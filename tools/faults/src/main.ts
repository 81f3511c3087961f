import { randomInt } from 'node:crypto';
import { constants } from 'node:os';
import { exitCodeOf, readFaultsOptions } from './faults-options.ts';
import { renderResults } from './render-results.ts';
import { type Result, runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
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
    const results = new Map<Scenario, Result>();
    const waiting = [...options.scenarios];
    const runOn = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const result = await runScenario(next, { ...options, signal: stopping.signal, say });
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
    if (stopping.signal.aborted) return Number(process.exitCode ?? 1);
    const usage = exitCodeOf(error);
    if (usage !== undefined) return usage;
    stderr.write(`faults: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
