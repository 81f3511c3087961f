// cspell:ignore mkfifo
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { TaskError } from '@orrery/task-error';
import { analyzeFile } from './analyze-file.ts';
import { rejectionOf } from './rejection.ts';

const MAX_BYTES = 1024 * 1024;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-demo-spec-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function errorOf(path: string, maxBytes = MAX_BYTES): Promise<TaskError> {
  const outcome = await analyzeFile({ path, maxBytes }).catch((error: unknown) => error);
  if (!(outcome instanceof TaskError)) throw new Error(`expected a TaskError, not ${String(outcome)}`);
  return outcome;
}

test('finds out what is known of a known file', async () => {
  const path = put('abc.md', 'abc');
  await expect(analyzeFile({ path, maxBytes: MAX_BYTES })).resolves.toEqual({
    size: 3,
    lines: 0,
    words: 1,
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    type: 'Markdown',
  });
});

test('an empty file has nothing, and the hash of nothing', async () => {
  await expect(analyzeFile({ path: put('empty', ''), maxBytes: MAX_BYTES })).resolves.toEqual({
    size: 0,
    lines: 0,
    words: 0,
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    type: 'Text',
  });
});

test.each([
  ['this source', () => import.meta.filename],
  ['the lock file of the repository', () => join(import.meta.dirname, '../../../package-lock.json')],
  ['many chunks whose ends split characters', () => put('long.txt', 'é 漢字\t😀\u00a0x\r\n'.repeat(40_001))],
  ['no newline at the end', () => put('cut.ts', 'a\nb  c\n\n d')],
  [
    'spaces of all kinds',
    () => put('spaces', 'a\u2003b\u2009c\u202fd\u2060e\u3000f\u1680g\u0085h\u200bi\vj\fk \u0001 l'),
  ],
])('agrees with wc and sha256sum on %s', async (_, make) => {
  const path = make();
  const { size, lines, words, sha256 } = await analyzeFile({ path, maxBytes: 64 * MAX_BYTES });
  const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } } as const;
  const counts = execFileSync('wc', ['-l', '-w', '-c', path], options).trim().split(/\s+/).slice(0, 3).map(Number);
  const [expected] = execFileSync('sha256sum', [path], options).split(' ');
  expect({ lines, words, size, sha256 }).toEqual({
    lines: counts[0],
    words: counts[1],
    size: counts[2],
    sha256: expected,
  });
});

test('follows a link to a file', async () => {
  symlinkSync(put('target.txt', 'one two\n'), join(folder, 'link.txt'));
  await expect(analyzeFile({ path: join(folder, 'link.txt'), maxBytes: MAX_BYTES })).resolves.toMatchObject({
    words: 2,
  });
});

test('reads a file whose name is not UTF-8', async () => {
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff])]);
  writeFileSync(bytes, 'x y z');
  const params = { path: bytes.toString(), pathBytes: bytes.toString('base64'), maxBytes: MAX_BYTES };
  await expect(analyzeFile(params)).resolves.toMatchObject({ words: 3 });
});

describe('rejects, and says that another try would not help:', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  test.each([
    ['what holds a NUL', () => put('nul', 'a\0b'), 'BINARY', 'validation', /NUL at byte 1/],
    ['an image', () => put('pic.png', png), 'BINARY', 'validation', /image\/png/],
    [
      'bytes that are not UTF-8',
      () => put('latin1.txt', Buffer.from([0x63, 0xe9, 0x20])),
      'NOT_UTF8',
      'validation',
      /UTF-8/,
    ],
    [
      'text that ends within a character',
      () => put('half.txt', Buffer.from([0x63, 0xc3])),
      'NOT_UTF8',
      'validation',
      /UTF-8/,
    ],
    ['a file beyond the limit', () => put('big', 'x'.repeat(MAX_BYTES + 1)), 'TOO_LARGE', 'validation', /1 MiB/],
    ['a folder', () => folder, 'NOT_A_FILE', 'validation', /a folder/],
    ['a device', () => '/dev/null', 'NOT_A_FILE', 'validation', /a device/],
    ['a file that is gone', () => join(folder, 'gone'), 'NOT_FOUND', 'not_found', /no such file/],
    ['a file below a file', () => join(put('file', ''), 'x'), 'NOT_FOUND', 'not_found', /no such file/],
    ['a link to nothing', () => link('nowhere', 'dangling'), 'NOT_FOUND', 'not_found', /no such file/],
    ['a link to itself', () => link('loop', 'loop'), 'NOT_FOUND', 'not_found', /leads back/],
  ])('%s', async (_, make, reason, errorType, message) => {
    const error = await errorOf(make());
    expect({ reason: rejectionOf(error), errorType: error.errorType, isRetryable: error.isRetryable }).toEqual({
      reason,
      errorType,
      isRetryable: false,
    });
    expect(error.message).toMatch(message);
  });

  test('a named pipe, without waiting for a writer', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const error = await errorOf(join(folder, 'pipe'));
    expect(error.message).toBe('it is a named pipe, not a file');
  });

  test('a socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    const error = await errorOf(join(folder, 'socket'));
    await new Promise((resolve) => server.close(resolve));
    expect(error.message).toBe('it is a socket, not a file');
  });

  test('a file that may not be read', async () => {
    const path = put('secret', 'x');
    chmodSync(path, 0);
    const error = await asSomebody(() => errorOf(path));
    expect({ reason: rejectionOf(error), type: error.errorType }).toEqual({
      reason: 'PERMISSION_DENIED',
      type: 'permission_denied',
    });
  });
});

test('a file that grows while it is read is tried again', async () => {
  const path = put('growing.log', 'line\n'.repeat(200_000));
  const analysis = errorOf(path, 64 * MAX_BYTES);
  let over = false;
  void analysis.finally(() => (over = true));
  while (!over) {
    appendFileSync(path, 'more\n');
    await turn();
  }
  const error = await analysis;
  expect({ reason: rejectionOf(error), isRetryable: error.isRetryable }).toEqual({
    reason: 'CHANGING',
    isRetryable: true,
  });
});

test('stops with the reason of its signal', async () => {
  const reason = new Error('not wanted any more');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const path = put('sub/a.txt', 'x');
  await expect(analyzeFile({ path, maxBytes: MAX_BYTES }, AbortSignal.abort(reason))).rejects.toBe(reason);
});

function link(target: string, name: string): string {
  symlinkSync(target, join(folder, name));
  return join(folder, name);
}

/** Root may read everything, so what is about permissions runs as nobody if root runs the specs. */
async function asSomebody<T>(action: () => Promise<T>): Promise<T> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.('nobody');
  try {
    return await action();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
