import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Quiet } from './figure.ts';
import { busyShare, readCpu } from './process-times.ts';

const WATCHED_MS = 300;
/** From this share on, somebody else's work is part of the figures. */
const NOT_QUIET = 0.15;

/** How quiet the machine is while nothing of ours has work to do. */
export async function watchQuiet(): Promise<Quiet> {
  const before = await readCpu();
  await pause(WATCHED_MS);
  return { load: loadavg()[0] ?? NaN, busy: busyShare(before, await readCpu()) };
}

/** What to say about figures that were taken so: nothing if the machine was quiet. */
export function quietWarning(measurements: readonly Quiet[]): string | undefined {
  const loud = measurements.filter(({ busy }) => busy > NOT_QUIET);
  if (loud.length === 0) return undefined;
  const worst = Math.max(...loud.map(({ busy }) => busy));
  return (
    `The machine was not quiet: before ${loud.length} of ${measurements.length} measurements others kept more than ` +
    `${NOT_QUIET * 100} % of the CPUs busy, up to ${Math.round(worst * 100)} %. Only ratios mean something, and little.`
  );
}
