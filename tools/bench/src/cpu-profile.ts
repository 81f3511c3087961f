import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The parts of V8's CPU profile that are used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** The node that was running at each sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
  /** By the system-wide monotonic clock, in microseconds. */
  readonly startTime: number;
}

/** How long a process was in one place, what it called aside. */
export interface SelfTime {
  readonly place: string;
  readonly milliseconds: number;
  /** The share of the time in which the process was not idle, 0 to 1. */
  readonly share: number;
}

const IDLE = '(idle)';

/** Where a process was busy while `isMeasured` (milliseconds of the monotonic clock), the most first; by function, or by npm package. */
export function selfTimes(
  profile: CpuProfile,
  by: 'function' | 'package',
  isMeasured: (atMs: number) => boolean = () => true,
): readonly SelfTime[] {
  const nodes = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  let now = profile.startTime;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    now += delta;
    if (!isMeasured(now / 1000)) return;
    const frame = nodes.get(id);
    if (!frame || frame.functionName === IDLE) return;
    const place = by === 'package' ? packageOf(frame) : functionOf(frame);
    times.set(place, (times.get(place) ?? 0) + delta / 1000);
  });
  const busy = [...times.values()].reduce((sum, milliseconds) => sum + milliseconds, 0);
  return [...times]
    .map(([place, milliseconds]) => ({ place, milliseconds, share: milliseconds / busy }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

type Frame = CpuProfile['nodes'][number]['callFrame'];

function functionOf(frame: Frame): string {
  const { functionName, url, lineNumber } = frame;
  if (url === '') return functionName;
  const file = url.startsWith('file:') ? `${packageOf(frame)}/${basename(url)}` : url;
  return `${functionName === '' ? '(anonymous)' : functionName} ${file}:${lineNumber + 1}`;
}

function packageOf({ functionName, url }: Frame): string {
  if (url === '') return functionName;
  if (!url.startsWith('file:')) return url.split('/')[0] ?? url;
  const path = fileURLToPath(url);
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  return installed ?? /\/((?:libs|services|tools)\/[^/]+)\//.exec(path)?.[1] ?? path;
}
