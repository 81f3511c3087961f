import { type Contender, isOrrery } from './contenders.ts';
import { writeWindows, type Window } from './profile-windows.ts';
import type { Figure, Quiet } from './figure.ts';
import type { FloorMethods } from './floors/floor-main.ts';
import type { Floor } from './floors/floors.ts';
import { monotonicMs } from './monotonic.ts';
import type { BenchOptions } from './options.ts';
import { watchQuiet } from './quiet.ts';
import { startRemote } from './remote.ts';
import { Session } from './session.ts';
import type { WorkerMethods } from './worker-main.ts';
import { FULL, jobsOf, prepareFor, runWorkload, sessionsOf, type Workload } from './workloads.ts';

/** How a run is watched and ended early. */
export interface Watch {
  /** Told of each measurement in a line. */
  readonly say: (line: string) => void;
  /** Takes each stack of servers and processes, to end them when the run is broken off. */
  readonly onGround: (ground: AsyncDisposableStack) => void;
}

/**
 * Measures everything round by round, each round beginning with another one. Rejects when a job was lost or ran twice, or something
 * does not start.
 */
export async function runBench(options: BenchOptions, watch: Watch): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const all = [...options.contenders, ...options.floors];
  await compileAll(options.contenders);
  for (let round = 1; round <= options.rounds; round++) {
    for (const each of rotated(all, round, options.rounds)) {
      const keep = (quiet: Quiet, values: Readonly<Record<string, number>>) => {
        for (const [metric, value] of Object.entries(values))
          figures.push({ round, of: each.id, metric, value, ...quiet });
        watch.say(
          `round ${round}  ${each.id}  ${told(values)}  (load ${quiet.load.toFixed(1)}, others ${told({ busy: quiet.busy })})`,
        );
      };
      if ('system' in each) await measureContender(each, options, watch, keep);
      else await measureFloor(each, options, watch, keep);
    }
  }
  return figures;
}

/** Loads each system once, so that what was compiled is kept before the first round: afterwards every round's processes find it. */
async function compileAll(contenders: readonly Contender[]): Promise<void> {
  for (const system of new Set(contenders.map(({ system }) => system))) {
    await using worker = startRemote<WorkerMethods>(new URL('./worker-main.ts', import.meta.url));
    await worker.call.open(system, { url: '' }, 0);
  }
}

/** The items, beginning with another one in each round. */
export function rotated<T>(items: readonly T[], round: number, rounds: number): readonly T[] {
  const first = Math.floor(((round - 1) * items.length) / rounds);
  return [...items.slice(first), ...items.slice(0, first)];
}

type Keep = (quiet: Quiet, values: Readonly<Record<string, number>>) => void;

async function measureContender(contender: Contender, options: BenchOptions, watch: Watch, keep: Keep): Promise<void> {
  for (const workloads of sessionsOf(options.workloads, options.quick)) {
    if (workloads.length === 0) continue;
    await using ground = new AsyncDisposableStack();
    watch.onGround(ground);
    await measureSession(ground, contender, workloads, options, keep);
  }
}

async function measureSession(
  ground: AsyncDisposableStack,
  contender: Contender,
  workloads: readonly Workload[],
  { sizes, profileTo }: BenchOptions,
  keep: Keep,
): Promise<void> {
  const profiled =
    profileTo !== undefined && isOrrery(contender) ? `${profileTo}/${contender.id}/${workloads.join('-')}` : undefined;
  const session = await Session.open(ground, contender, { jobs: jobsOf(workloads, sizes), profileTo: profiled });
  const measured: Window[] = [];
  for (const workload of workloads) {
    await prepareFor(workload, session);
    const quiet = await watchQuiet();
    const from = monotonicMs();
    keep(quiet, await runWorkload(workload, session, sizes));
    measured.push({ from, to: monotonicMs() });
  }
  await session.assertExactlyOnce();
  await session.close();
  if (profiled !== undefined) await writeWindows(profiled, measured);
}

async function measureFloor({ id, start }: Floor, { sizes }: BenchOptions, watch: Watch, keep: Keep): Promise<void> {
  await using ground = new AsyncDisposableStack();
  watch.onGround(ground);
  const where = await start(ground);
  const remote = ground.use(startRemote<FloorMethods>(new URL('./floors/floor-main.ts', import.meta.url)));
  const quiet = await watchQuiet();
  keep(quiet, await remote.call[id](where, sizes.single / FULL.single));
}

function told(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value < 1000 ? Number(value.toPrecision(3)) : Math.round(value)}`)
    .join(', ');
}
