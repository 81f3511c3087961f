import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Duration } from '@orrery/duration';
import { monotonicMillis } from '../journal.ts';
import { type RawCalls, startRawCalls } from '../raw-client.ts';
import { longest, nextClaims, tooLong } from '../recovery.ts';
import { openRig } from '../rig.ts';
import type { Findings, Scenario, ScenarioContext } from '../scenario.ts';
import { mountSmallDisk, type SmallDisk } from '../small-disk.ts';

const DISK_MIB = 256;
const GOES_ON_WITHIN_MS = 30_000;
const FILL_EVERY_MS = 200;

/** Fills the disk that PostgreSQL has its data on, and frees it again. */
export const fullDisk: Scenario = {
  name: 'full-disk',
  proves:
    'while the database has no space writes are refused with UNAVAILABLE, nothing acknowledged is lost, and work goes on after it',
  run: (context) => onSmallDisk(context, DISK_MIB, breakPostgres),
};

async function breakPostgres(context: ScenarioContext, disk: SmallDisk): Promise<Findings> {
  const full = Duration.ofSeconds(context.short ? 8 : 60);
  const count = context.tasks ?? (context.short ? 600 : 5_000);
  await using rig = await openRig(context, { dataDir: join(disk.path, 'data'), lease: Duration.ofSeconds(10) });
  const load = rig.load({ count, perSecond: count / (full.toSeconds() + 4) });
  const raw = startRawCalls(rig.cluster.addresses.taskApi[0] ?? '', rig.books);
  await pause(2_000, undefined, { signal: context.signal });
  context.say(`${load.acknowledged.size} of ${count} acknowledged; the disk is full for ${full.toString()}`);
  await keepFull(disk, full, context.signal);
  const freedAt = monotonicMillis();
  context.say(`${load.acknowledged.size} of ${count} acknowledged; there is space again`);
  await load.done;
  await pause(1_000);
  await raw.stop();
  const problems = await rig.settle(Duration.ofSeconds(90));
  const goesOn = nextClaims(rig.claims, load.acknowledged, [{ process: 'postgres', at: freedAt }]);
  return {
    tasks: rig.counts.acknowledged,
    faults: 1,
    measured: {
      'statuses seen': describe(raw),
      'slowest call': longest([raw.slowestMillis]),
      'work after there was space': longest(goesOn),
    },
    problems: [
      ...problems,
      ...statusProblems(raw),
      ...tooLong('work goes on when there is space again', goesOn, GOES_ON_WITHIN_MS),
    ],
  };
}

/** Runs something with a small disk, or says why there can be none. */
export async function onSmallDisk(
  context: ScenarioContext,
  mebibytes: number,
  run: (context: ScenarioContext, disk: SmallDisk) => Promise<Findings>,
): Promise<Findings> {
  let disk: SmallDisk;
  try {
    disk = await mountSmallDisk(join(context.folder, 'disk'), mebibytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().replaceAll('\n', ' ') : String(error);
    return {
      tasks: 0,
      faults: 0,
      measured: {},
      problems: [],
      notPossible: `a file system cannot be mounted: ${reason}`,
    };
  }
  try {
    return await run(context, disk);
  } finally {
    await disk.unmount();
  }
}

/** Leaves no space for a while, whatever others free meanwhile. */
export async function keepFull(disk: SmallDisk, duration: Duration, signal: AbortSignal): Promise<void> {
  const end = monotonicMillis() + duration.toMillis();
  while (monotonicMillis() < end) {
    disk.fill();
    await pause(FILL_EVERY_MS, undefined, { signal });
  }
  disk.free();
}

/** What the callers of a server without space must not have seen, and what they must. */
export function statusProblems({ statuses }: RawCalls): readonly string[] {
  const others = Object.keys(statuses).filter((status) => status !== 'OK' && status !== 'UNAVAILABLE');
  return [
    ...others.map((status) => `writes are refused with UNAVAILABLE: ${statuses[status]} calls saw ${status}`),
    ...((statuses['UNAVAILABLE'] ?? 0) === 0 ? ['the fault is felt: no call saw UNAVAILABLE'] : []),
  ];
}

/** How often each status was seen, for people. */
export function describe({ statuses }: RawCalls): string {
  return Object.entries(statuses)
    .map(([status, times]) => `${times} ${status}`)
    .join(', ');
}
