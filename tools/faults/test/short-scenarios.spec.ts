import { Duration } from '@orrery/duration';
import { type Result, runScenario } from '../src/run-scenario.ts';
import { SCENARIOS } from '../src/scenarios/index.ts';

describe('the shortest scenarios', () => {
  async function run(name: string, tasks: number, duration?: Duration): Promise<Result> {
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (!scenario) throw new Error(`there is no scenario "${name}"`);
    const signal = new AbortController().signal;
    return runScenario(scenario, { short: true, seed: 1, tasks, duration, signal, say: () => undefined });
  }

  it('pauses: stale outcomes are refused', async () => {
    const result = await run('pauses', 150, Duration.ofSeconds(6));
    expect(result.problems).toEqual([]);
    expect(result).toMatchObject({ verdict: 'holds', tasks: 150, kept: null });
    expect(result.faults).toBeGreaterThan(0);
  }, 180_000);

  it('full-disk-sqlite: refused while there is no space, and nothing is lost', async () => {
    const result = await run('full-disk-sqlite', 200);
    expect(result.problems).toEqual([]);
    if (result.notPossible === undefined) expect(result.tasks).toBeGreaterThanOrEqual(200);
    else expect(result.notPossible).toContain('cannot be mounted');
  }, 120_000);
});
