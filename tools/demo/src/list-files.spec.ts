import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listFiles } from './list-files.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-demo-spec-'));
  for (const path of [
    'b.txt',
    'a/x.md',
    'a/.hidden',
    'node_modules/p/i.js',
    'a/dist/o.js',
    'cache/CACHEDIR.TAG',
    'data/db',
  ]) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), path);
  }
  symlinkSync('a', join(folder, 'link-to-folder'));
  symlinkSync('b.txt', join(folder, 'link-to-file'));
  symlinkSync('nothing', join(folder, 'dangling'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('lists every file, and says which folders it passed by', async () => {
  const { files, skipped } = await listFiles(folder, { all: false, except: join(folder, 'data') });
  expect(files.map(({ path }) => path)).toEqual(['a/.hidden', 'a/x.md', 'b.txt', 'dangling', 'link-to-file']);
  expect(skipped.toSorted((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
    { path: 'a/dist', why: 'generated' },
    { path: 'cache', why: 'generated' },
    { path: 'link-to-folder', why: 'a link to a folder' },
    { path: 'node_modules', why: 'generated' },
  ]);
});

test('with all, lists generated folders too, but neither its own data nor what links lead to', async () => {
  const { files, skipped } = await listFiles(folder, { all: true, except: join(folder, 'data') });
  expect(files.map(({ path }) => path)).toEqual([
    ...['a/.hidden', 'a/dist/o.js', 'a/x.md', 'b.txt', 'cache/CACHEDIR.TAG', 'dangling', 'link-to-file'],
    'node_modules/p/i.js',
  ]);
  expect(skipped).toEqual([{ path: 'link-to-folder', why: 'a link to a folder' }]);
});

test('keeps the bytes of a name that is not UTF-8', async () => {
  const bytes = Buffer.concat([Buffer.from(`${folder}/z`), Buffer.from([0xff])]);
  writeFileSync(bytes, 'x');
  const { files } = await listFiles(folder, { all: false });
  expect(files.at(-1)).toEqual({ path: 'z\ufffd', bytes });
});

test.each(['nowhere', 'b.txt'])('throws if the folder is none: %s', async (name) => {
  await expect(listFiles(join(folder, name), { all: false })).rejects.toThrow(/ENOENT|ENOTDIR/);
});
