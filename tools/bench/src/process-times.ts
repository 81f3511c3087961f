import { readdir, readFile } from 'node:fs/promises';

/** The clock ticks per second in /proc: a constant of Linux. */
const TICKS = 100;

interface ProcessTimes {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** The CPU seconds that everything this process started has used so far, what has ended since included. */
export async function cpuSecondsOfDescendants(root: number = process.pid): Promise<number> {
  const all = await allProcesses();
  const children = Map.groupBy(all, ({ parent }) => parent);
  const descendants: ProcessTimes[] = [];
  for (let level = children.get(root) ?? []; level.length > 0;) {
    descendants.push(...level);
    level = level.flatMap(({ pid }) => children.get(pid) ?? []);
  }
  return descendants.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS;
}

/** The resident memory of a process in MiB. */
export async function residentMebibytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`process ${pid} has no memory`);
  return Number(kibibytes) / 1024;
}

/** The share of this machine's CPUs that were busy from one reading to the next, 0 to 1. */
export function busyShare(before: CpuReading, after: CpuReading): number {
  const total = after.total - before.total;
  return total === 0 ? 0 : 1 - (after.idle - before.idle) / total;
}

/** How long the CPUs were idle, and how long they have been there, in ticks since the start. */
export interface CpuReading {
  readonly idle: number;
  readonly total: number;
}

/** Reads how busy the CPUs have been. */
export async function readCpu(): Promise<CpuReading> {
  const [first = ''] = (await readFile('/proc/stat', 'utf8')).split('\n', 1);
  const ticks = first.trim().split(/\s+/).slice(1, 9).map(Number);
  const [, , , idle = 0, waiting = 0] = ticks;
  return { idle: idle + waiting, total: ticks.reduce((sum, each) => sum + each, 0) };
}

async function allProcesses(): Promise<readonly ProcessTimes[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => timesOf(Number(pid))));
  return all.filter((each) => each !== undefined);
}

async function timesOf(pid: number): Promise<ProcessTimes | undefined> {
  // Processes end while one reads.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; the state and the parent come after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = fields.slice(11, 15).map(Number);
  return { pid, parent: Number(fields[1]), ticks: own.reduce((sum, ticks) => sum + ticks, 0) };
}
