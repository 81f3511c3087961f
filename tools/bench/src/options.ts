import { Command, InvalidArgumentError, Option } from 'commander';
import { CONTENDERS, type Contender } from './contenders.ts';
import { FLOORS, type Floor } from './floors/floors.ts';
import { FULL, QUICK, scaled, type Sizes, WORKLOADS, type Workload } from './workloads.ts';

/** What to measure, and how. */
export interface BenchOptions {
  readonly contenders: readonly Contender[];
  readonly floors: readonly Floor[];
  readonly workloads: ReadonlySet<Workload>;
  readonly rounds: number;
  readonly sizes: Sizes;
  /** All workloads of a contender in one session. */
  readonly quick: boolean;
  /** Where to write every raw figure. */
  readonly json?: string | undefined;
  /** Where processes leave CPU profiles. */
  readonly profileTo?: string | undefined;
}

interface Flags {
  readonly quick?: true;
  readonly rounds?: number;
  readonly scale: number;
  readonly only?: readonly string[];
  readonly workloads?: readonly string[];
  readonly idle?: true;
  readonly json?: string;
  readonly cpuProf?: string;
}

const ROUNDS = 3;
const UNLESS_ASKED_FOR: readonly string[] = ['idle'];
const NAMES = [...CONTENDERS.map(({ id }) => id), ...FLOORS.map(({ id }) => id)];

/** Reads the command line; ends the process when it is wrong or asks for help. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('npm run bench --')
    .description('Measures Orrery, other task queues and what the machine can do at all, side by side.')
    .option('--quick', 'small counts, one round, all workloads of a system on the same storage')
    .option('--rounds <n>', `how often each is measured (default: ${ROUNDS}, quick 1)`, positive)
    .addOption(new Option('--scale <n>', 'so many times as many jobs').argParser(positive).default(1))
    .option('--only <names>', `of ${NAMES.join(', ')}`, oneOf(NAMES))
    .option('--workloads <names>', `of ${WORKLOADS.join(', ')}; W6 comes with W3`, oneOf(WORKLOADS))
    .option('--idle', 'also what an idle system costs')
    .option('--json <file>', 'write every figure there')
    .option('--cpu-prof <folder>', 'profile all Node processes into this folder; slows everything down');
  const flags = command.parse([...args], { from: 'user' }).opts<Flags>();
  const isChosen = (id: string) => flags.only?.includes(id) ?? true;
  const workloads = WORKLOADS.filter(
    (workload) => flags.workloads?.includes(workload) ?? !UNLESS_ASKED_FOR.includes(workload),
  );
  return {
    contenders: CONTENDERS.filter(({ id }) => isChosen(id)),
    floors: FLOORS.filter(({ id }) => isChosen(id)),
    workloads: new Set(flags.idle ? [...workloads, 'idle'] : workloads),
    rounds: flags.rounds ?? (flags.quick ? 1 : ROUNDS),
    sizes: scaled(flags.quick ? QUICK : FULL, flags.scale),
    quick: flags.quick ?? false,
    json: flags.json,
    profileTo: flags.cpuProf,
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It is not above 0.');
  return value;
}

function oneOf(names: readonly string[]) {
  return (text: string): readonly string[] => {
    const chosen = text.split(',');
    const unknown = chosen.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new InvalidArgumentError(`There is no ${unknown.join(', ')}.`);
    return chosen;
  };
}
