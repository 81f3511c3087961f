import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { DataFile } from './data-file.ts';

const HOLD = `
  import { DataFile } from '${fileURLToPath(new URL('./data-file.ts', import.meta.url))}';
  const file = DataFile.open(process.argv.at(-1));
  file.connection.exec('CREATE TABLE IF NOT EXISTS kept (n)');
  file.connection.exec('INSERT INTO kept VALUES (1)');
  process.stdout.write('open');
  process.stdin.resume();`;

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-data-file-'));
  path = join(directory, 'a', 'b', 'tasks.db');
});

afterEach(() => rm(directory, { recursive: true }));

/** Another process that has the file open, until it is killed. */
async function holder() {
  const conditions = ['--conditions=@orrery/source', '--input-type=module-typescript'];
  const child = spawn(process.execPath, [...conditions, '-e', HOLD, path], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    pid: child.pid,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function pragma(file: DataFile, name: string): unknown {
  return file.connection.prepare(`PRAGMA ${name}`).get()?.[name];
}

test('makes the directory and the file, and syncs each commit to the disk', () => {
  const file = DataFile.open(path);
  expect(pragma(file, 'journal_mode')).toBe('wal');
  expect(pragma(file, 'synchronous')).toBe(2);
  expect(pragma(file, 'foreign_keys')).toBe(1);
  file.close();
});

test('a second process is told who has the file, and gets it once the first was killed', async () => {
  const first = await holder();
  try {
    expect(() => DataFile.open(path)).toThrow(`in use by process ${first.pid};`);
  } finally {
    await first.kill();
  }
  const file = DataFile.open(path);
  expect(file.connection.prepare('SELECT n FROM kept').all()).toHaveLength(1);
  file.close();
});

test('the same process cannot open it twice either, not even by another name', async () => {
  const file = DataFile.open(path);
  await symlink(join(directory, 'a'), join(directory, 'link'));
  expect(() => DataFile.open(join(directory, 'link', 'b', 'tasks.db'))).toThrow(`in use by process ${process.pid};`);
  file.close();
  DataFile.open(path).close();
});

test('others can read while it is open', () => {
  const file = DataFile.open(path);
  file.connection.exec('CREATE TABLE kept AS SELECT 1 AS n');
  const reader = new DatabaseSync(path, { readOnly: true });
  expect(reader.prepare('SELECT n FROM kept').all()).toHaveLength(1);
  reader.close();
  file.close();
});

test('damage is found when it is opened after a crash, and the file is let go', async () => {
  const first = await holder();
  await first.kill();
  DataFile.open(path).close();
  const database = new DatabaseSync(path);
  database.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO kept SELECT i FROM n;
    CREATE INDEX kept_n ON kept (n);
    PRAGMA user_version = 4242;
    PRAGMA wal_checkpoint(TRUNCATE);`);
  database.close();
  await damage(path);
  for (let time = 0; time < 2; time += 1) expect(() => DataFile.open(path)).toThrow(/damaged|malformed/);
});

test('what is not a database is not opened, and not touched', async () => {
  DataFile.open(path).close();
  const file = await open(path, 'w');
  await file.writeFile('these are somebody else’s notes, and a good many of them '.repeat(100));
  await file.close();
  expect(() => DataFile.open(path)).toThrow('not a database');
});

/** Overwrites the middle of the file. */
async function damage(name: string): Promise<void> {
  const file = await open(name, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(8192, 0x5a), 0, 8192, Math.floor(size / 8192) * 4096);
  await file.close();
}
