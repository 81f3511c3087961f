import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duration } from '@orrery/duration';
import { seededRandom } from './random.ts';
import type { Findings, Scenario } from './scenario.ts';

/** How scenarios are run. */
export interface RunOptions {
  readonly short: boolean;
  readonly seed: number;
  readonly tasks: number | undefined;
  readonly duration: Duration | undefined;
  readonly signal: AbortSignal;
  /** Where live progress goes. */
  readonly say: (message: string) => void;
}

/** What came of one scenario. */
export interface Result extends Findings {
  readonly name: string;
  readonly seconds: number;
  readonly verdict: 'holds' | 'FAILS' | 'not possible here';
  /** Where logs, journals and data are kept; null if they are not. */
  readonly kept: string | null;
}

/** Runs one scenario in a folder of its own, which is kept if something does not hold. Throws only when it is aborted. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Result> {
  const { short, seed, tasks, duration, signal } = options;
  const { name } = scenario;
  const folder = await mkdtemp(join(tmpdir(), `orrery-faults-${name}-`));
  // PostgreSQL, which never runs as root, must get to its data.
  await chmod(folder, 0o711);
  const startedAt = performance.now();
  const say = (message: string): void => options.say(`${name}: ${message}`);
  // A seed of its own for each, so that one alone repeats what it did among others.
  const random = seededRandom(seed ^ hash(name));
  let findings: Findings;
  try {
    findings = await scenario.run({ short, tasks, duration, random, folder, signal, say });
  } catch (error) {
    if (signal.aborted) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    const problem = `it could not be carried out: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    findings = { tasks: 0, faults: 0, measured: {}, problems: [problem] };
  }
  const holds = findings.problems.length === 0;
  if (holds) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  else {
    // A cluster that did not start has taken its folder with it.
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'problems.txt'), `seed ${seed}\n${findings.problems.join('\n')}\n`);
  }
  const verdict = !holds ? 'FAILS' : findings.notPossible === undefined ? 'holds' : 'not possible here';
  const seconds = (performance.now() - startedAt) / 1_000;
  return { ...findings, name, seconds, verdict, kept: holds ? null : folder };
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0, 7);
}
