import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { renderResults } from './render-results.ts';
import { runScenario } from './run-scenario.ts';
import type { Findings, Scenario, ScenarioContext } from './scenario.ts';

describe('runScenario', () => {
  const options = { short: true, seed: 42, tasks: undefined, duration: undefined, say: () => undefined };
  const findings: Findings = { tasks: 3, faults: 1, measured: { 'work again': '2.0 s' }, problems: [] };

  function scenario(run: (context: ScenarioContext) => Promise<Findings>): Scenario {
    return { name: 'made-up', proves: 'nothing', run };
  }

  it('keeps the folder of a scenario that fails, with its problems and the seed, and no other', async () => {
    let folder = '';
    const { signal } = new AbortController();
    const run = async (context: ScenarioContext, problems: readonly string[]): Promise<Findings> => {
      folder = context.folder;
      return { ...findings, problems };
    };
    const good = await runScenario(
      scenario((context) => run(context, [])),
      { ...options, signal },
    );
    expect(good).toMatchObject({ verdict: 'holds', kept: null });
    expect(existsSync(folder)).toBe(false);

    const bad = await runScenario(
      scenario((context) => run(context, ['task "a" was acknowledged, and is lost'])),
      { ...options, signal },
    );
    expect(bad).toMatchObject({ verdict: 'FAILS', kept: folder });
    expect(readFileSync(join(folder, 'problems.txt'), 'utf8')).toBe(
      'seed 42\ntask "a" was acknowledged, and is lost\n',
    );
    const text = renderResults([good, bad], 42);
    expect(text).toContain('task "a" was acknowledged, and is lost');
    expect(text).toContain(folder);
    expect(text).toContain('1 passed, 1 failed');
    rmSync(folder, { recursive: true });
  });

  it('fails a scenario that could not be carried out, and says why one is not possible', async () => {
    const { signal } = new AbortController();
    const broken = await runScenario(
      scenario(async () => Promise.reject(new Error('no port'))),
      { ...options, signal },
    );
    expect(broken.verdict).toBe('FAILS');
    expect(broken.problems[0]).toContain('no port');
    rmSync(broken.kept ?? '', { recursive: true });
    const notPossible = 'a file system cannot be mounted: must be superuser';
    const skipped = await runScenario(
      scenario(async () => ({ ...findings, notPossible })),
      { ...options, signal },
    );
    expect(renderResults([skipped], 1)).toMatch(/not possible here.*must be superuser/);
  });

  it('gives each scenario the same chance for the same seed', async () => {
    const drawn: number[] = [];
    const draws = scenario(async ({ random }) => {
      drawn.push(random.next());
      return findings;
    });
    const { signal } = new AbortController();
    for (const seed of [7, 7, 8]) await runScenario(draws, { ...options, seed, signal });
    expect(drawn[0]).toBe(drawn[1]);
    expect(drawn[2]).not.toBe(drawn[0]);
  });
});
