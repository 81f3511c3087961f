import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Report } from './report.ts';

const TIME_LIMIT_MS = 90_000;
let place: string;
let folder: string;
let demo: ChildProcess | undefined;

beforeEach(() => {
  place = mkdtempSync(join(realpathSync(tmpdir()), 'orrery-demo-spec-'));
  folder = join(place, 'folder');
  mkdirSync(join(place, 'tmp'));
  mkdirSync(folder);
});

/** So many files that one slot is still busy with them when the first line about its progress is out, on any machine. */
const MANY = 1_500;

afterEach(() => {
  demo?.kill('SIGKILL');
  rmSync(place, { recursive: true, force: true });
});

/** Runs the demo as its user would, but with temporary folders of its own. */
function start(...args: string[]) {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, ['--conditions=@orrery/source', '--no-warnings', main, folder, ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: join(place, 'tmp') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  demo = child;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  const closed = once(child, 'close');
  const output = text(child.stdout);
  return {
    child,
    /** Resolves with what was said on standard error as soon as it matches. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (let match = pattern.exec(said); ; match = pattern.exec(said)) {
        if (match) return match;
        const over = closed.then(() =>
          Promise.reject(new Error(`it ended without saying ${String(pattern)}: ${said}`)),
        );
        await Promise.race([once(child.stderr, 'data'), over]);
      }
    },
    async ended() {
      const [exitCode] = (await closed) as [number | null];
      return { exitCode, stdout: await output, stderr: said };
    },
  };
}

test(
  'analyses a folder, rejects what cannot be analysed, and leaves nothing behind',
  async () => {
    mkdirSync(join(folder, 'sub'));
    for (let index = 0; index < 40; index += 1)
      writeFileSync(join(folder, 'sub', `f${index}.ts`), `é ${index}\n`.repeat(index * 9));
    writeFileSync(join(folder, 'with space & \n newline.md'), '# x\n');
    writeFileSync(join(folder, 'binary.dat'), Uint8Array.of(1, 0, 2));
    symlinkSync('nothing', join(folder, 'dangling'));

    const { exitCode, stdout, stderr } = await start('--json').ended();

    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('43 files') as string });
    const { files, failures, summary } = JSON.parse(stdout) as Report;
    expect(files).toHaveLength(41);
    for (const { path, sha256 } of files)
      expect({ path, sha256 }).toEqual({ path, sha256: sha256sum(join(folder, path)) });
    expect(failures.map(({ path, rejected, error }) => [path, rejected, error.error_type])).toEqual([
      ['binary.dat', 'BINARY', 'validation'],
      ['dangling', 'NOT_FOUND', 'not_found'],
    ]);
    expect(summary).toMatchObject({ tasks: 43, analyzed: 41, rejected: 2, failed: 0, retried: 0, server: null });
    expect(readdirSync(join(place, 'tmp'))).toEqual([]);
  },
  TIME_LIMIT_MS,
);

test.each([
  ['server', { server: 1, workers: 0 }],
  ['worker 1', { server: 0, workers: 1 }],
])(
  'loses nothing when the %s is killed in the middle',
  async (name, restarts) => {
    for (let index = 0; index < MANY; index += 1) writeFileSync(join(folder, `f${index}`), `${index}`);
    const run = start('--json', '--verbose', '--workers', '1', '--concurrency', '1', '--lease', '3');
    const [, pid] = await run.says(new RegExp(`${name} is process (\\d+)`));
    await run.says(/ of \d+ files/);
    process.kill(Number(pid), 'SIGKILL');
    await run.says(new RegExp(`${name} was ended by SIGKILL`));

    const { exitCode, stdout } = await run.ended();

    const { files, summary } = JSON.parse(stdout) as Report;
    expect({ exitCode, analyzed: summary.analyzed, restarts: summary.restarts }).toEqual({
      exitCode: 0,
      analyzed: MANY,
      restarts,
    });
    expect(new Set(files.map(({ path }) => path)).size).toBe(MANY);
  },
  TIME_LIMIT_MS,
);

test(
  'Ctrl-C ends everything that was started',
  async () => {
    for (let index = 0; index < MANY; index += 1) writeFileSync(join(folder, `f${index}`), `${index}`);
    const run = start('--verbose', '--workers', '1', '--concurrency', '1');
    const [, server] = await run.says(/server is process (\d+)/);
    const [, worker] = await run.says(/worker 1 is process (\d+)/);
    await run.says(/ of \d+ files/);
    run.child.kill('SIGINT');

    const { exitCode, stdout } = await run.ended();

    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: '' });
    expect([isAlive(Number(server)), isAlive(Number(worker))]).toEqual([false, false]);
    expect(readdirSync(join(place, 'tmp'))).toEqual([]);
  },
  TIME_LIMIT_MS,
);

test('a folder that is not there is an error of the caller', async () => {
  rmSync(folder, { recursive: true });
  const { exitCode, stdout, stderr } = await start().ended();
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `demo: cannot analyse "${folder}": it does not exist\n`,
  });
});

function sha256sum(path: string): string | undefined {
  return execFileSync('sha256sum', ['-z', path], { encoding: 'utf8' }).split(' ')[0];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
