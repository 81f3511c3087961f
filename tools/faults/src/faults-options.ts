import { Duration } from '@orrery/duration';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Scenario } from './scenario.ts';

/** What the command is asked to do. */
export interface FaultsOptions {
  readonly scenarios: readonly Scenario[];
  readonly list: boolean;
  readonly short: boolean;
  readonly json: boolean;
  readonly seed: number;
  /** How many scenarios run at a time. */
  readonly jobs: number;
  readonly tasks: number | undefined;
  readonly duration: Duration | undefined;
}

interface Flags {
  readonly scenario?: readonly Scenario[];
  readonly list?: true;
  readonly short?: true;
  readonly json?: true;
  readonly seed?: number;
  readonly jobs: number;
  readonly tasks?: number;
  readonly duration?: Duration;
}

const ABOUT = `
Puts load on a real cluster, breaks it in one way after the other, and checks the books: every acknowledged task
ends exactly once, no second completion is accepted, and every event is told, for each task in order.`;

const AFTER = `
Progress goes to standard error. Logs, journals and data of a scenario that fails are kept, and it is said where.

Exit codes: 0 everything holds; 1 something does not; 2 bad arguments; 130 stopped by Ctrl-C.`;

/** Reads the arguments; throws a CommanderError, its message already shown, for bad ones and after --help. */
export function readFaultsOptions(args: readonly string[], all: readonly Scenario[], newSeed: number): FaultsOptions {
  const command = new Command('faults')
    .usage('[options]      (npm run faults -- [options])')
    .description(ABOUT.trim())
    .option('--scenario <names>', 'only these, separated by commas (default: all)', named(all))
    .option('--list', 'list the scenarios and what each proves')
    .option('--short', 'every scenario in a form that takes seconds')
    .option('--tasks <n>', "how many tasks (default: the scenario's choice)", count(1, 1_000_000))
    .option('--duration <d>', "how long to break things, e.g. 20s (default: the scenario's choice)", duration)
    .option('--seed <n>', 'repeats the random choices of another run', count(0, 2 ** 32 - 1))
    .option('--jobs <n>', 'how many scenarios run at a time', count(1, 16), 1)
    .option('--json', 'print the results as one JSON object')
    .addHelpText('after', AFTER)
    .exitOverride()
    .configureHelp({ helpWidth: 110 })
    .parse(args, { from: 'user' });
  if (command.args.length > 0) command.error(`error: unexpected argument "${command.args[0] ?? ''}"`, { exitCode: 2 });
  const { scenario = all, list = false, short = false, json = false, seed = newSeed, ...rest } = command.opts<Flags>();
  return { scenarios: scenario, list, short, json, seed, jobs: rest.jobs, tasks: rest.tasks, duration: rest.duration };
}

/** The exit code for an error of `readFaultsOptions`; undefined if it is none of its. */
export function exitCodeOf(error: unknown): number | undefined {
  if (!(error instanceof CommanderError)) return undefined;
  return error.exitCode === 0 ? 0 : 2;
}

function named(all: readonly Scenario[]) {
  return (text: string): readonly Scenario[] =>
    text.split(',').map((name) => {
      const found = all.find((scenario) => scenario.name === name.trim());
      if (found) return found;
      throw new InvalidArgumentError(`There is no "${name}", only ${all.map((scenario) => scenario.name).join(', ')}.`);
    });
}

function duration(text: string): Duration {
  try {
    const value = Duration.parse(text);
    if (!value.isNegative && !value.isZero) return value;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It must be a length of time such as "20s" or "2m".');
}

function count(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
