import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const SMALL = ['--no-nats', '--task-apis', '1', '--schedulers', '1', '--workers', '1'];
const TIME_LIMIT_MS = 120_000;

interface Ready {
  readonly data_dir: string;
  readonly nats_url: string | null;
  readonly processes: Readonly<Record<string, { readonly pid: number; readonly address: string | null }>>;
}

let command: ChildProcess | undefined;

afterEach(() => command?.kill('SIGTERM'));

/** Runs the command as its user would. */
function run(...args: readonly string[]) {
  const main = join(import.meta.dirname, '../src/main.ts');
  const child = spawn(process.execPath, ['--conditions=@orrery/source', '--no-warnings', main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  command = child;
  const closed = once(child, 'close') as Promise<[number | null]>;
  const seen: string[] = [];
  const log = createInterface(child.stderr).on('line', (line) => seen.push(line));
  const ended = closed.then(() => Promise.reject(new Error(`it ended:\n${seen.slice(-10).join('\n')}`)));
  ended.catch(() => undefined);
  return {
    child,
    exitCode: async () => (await closed)[0],
    ready: async () => {
      const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
      return JSON.parse(line) as Ready;
    },
    /** Resolves with the first line of the log, from the beginning or yet to come, that the pattern matches. */
    async logs(pattern: RegExp): Promise<string> {
      for (;;) {
        const found = seen.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        await Promise.race([once(log, 'line'), ended]);
      }
    },
  };
}

const pidsOf = ({ processes }: Ready): number[] => Object.values(processes).map(({ pid }) => pid);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test(
  'says where everything is, starts again what was killed, stops on SIGTERM and keeps the data that it was told to keep',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-cluster-spec-'));
    const cluster = run('--json', '--data-dir', folder, ...SMALL);
    const ready = await cluster.ready();
    expect(Object.keys(ready.processes)).toEqual([
      'postgres',
      'task-api-1',
      'scheduler-1',
      'worker-registry-1',
      'assessment-logger-1',
      'worker-1',
    ]);
    expect({ folder: ready.data_dir, nats: ready.nats_url }).toEqual({ folder, nats: null });
    expect(JSON.parse(await cluster.logs(/"task-api-1".*"listening"/))).toMatchObject({ process: 'task-api-1' });

    process.kill(ready.processes['worker-registry-1']?.pid ?? 0, 'SIGKILL');
    await cluster.logs(/"worker-registry-1".*was ended by SIGKILL: starting it again/);

    cluster.child.kill('SIGTERM');
    expect(await cluster.exitCode()).toBe(0);
    expect(pidsOf(ready).filter(isAlive)).toEqual([]);
    expect(existsSync(join(folder, 'postgres/PG_VERSION'))).toBe(true);
    rmSync(folder, { recursive: true });
  },
  TIME_LIMIT_MS,
);

test(
  'leaves nothing behind when it is killed itself',
  async () => {
    const cluster = run('--json', ...SMALL);
    const ready = await cluster.ready();
    cluster.child.kill('SIGKILL');
    // The reaper needs as long as the processes take to end; looking is what there is to do meanwhile.
    while (pidsOf(ready).some(isAlive) || existsSync(ready.data_dir)) await new Promise(setImmediate);
  },
  TIME_LIMIT_MS,
);

test('bad arguments are an error of the caller', async () => {
  expect(await run('--workers', 'many').exitCode()).toBe(2);
});
