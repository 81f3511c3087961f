import { Duration } from '@orrery/duration';
import { jest } from '@jest/globals';
import { exitCodeOf, readFaultsOptions } from './faults-options.ts';
import { SCENARIOS } from './scenarios/index.ts';

describe('the arguments', () => {
  const read = (...args: string[]) => readFaultsOptions(args, SCENARIOS, 42);

  it('have defaults', () => {
    expect(read()).toEqual({
      scenarios: SCENARIOS,
      list: false,
      short: false,
      json: false,
      seed: 42,
      jobs: 1,
      tasks: undefined,
      duration: undefined,
    });
  });

  it('name scenarios, counts and times', () => {
    const options = read('--short', '--scenario', 'kills,pauses', '--tasks', '100', '--duration', '20s', '--seed', '7');
    expect(options.scenarios.map(({ name }) => name)).toEqual(['kills', 'pauses']);
    expect(options).toMatchObject({ short: true, tasks: 100, seed: 7 });
    expect(options.duration?.equals(Duration.ofSeconds(20))).toBe(true);
  });

  it.each([
    ['--scenario', 'rain'],
    ['--tasks', '0'],
    ['--duration', 'long'],
    ['--seed', '-1'],
    ['--jobs', '0'],
    ['kills'],
    ['--fast'],
  ])('are refused: %s %s', (...args) => {
    const silenced = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(() => read(...args)).toThrow();
      expect(exitCodeOf(catching(() => read(...args)))).toBe(2);
    } finally {
      silenced.mockRestore();
    }
  });

  function catching(action: () => unknown): unknown {
    try {
      action();
    } catch (error) {
      return error;
    }
    return undefined;
  }
});

it('every scenario has a name of its own and says what it proves', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  for (const { proves } of SCENARIOS) expect(proves).not.toBe('');
});
