import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { subjectOf, type Store } from '@orrery/core';
import { openStore } from './open-store.ts';

const ROUNDS = 20;
const MAX_LINES = 400;
const WRITER = fileURLToPath(new URL('./crashing-writer.ts', import.meta.url));

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-crash-'));
});

afterEach(() => rm(directory, { recursive: true }));

/** Runs the writer, kills it once it has said so many lines, and gives everything that it said. */
async function writeUntilKilled(url: string, lines: number): Promise<readonly string[]> {
  const writer = spawn(process.execPath, ['--conditions=@orrery/source', WRITER, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(writer, 'exit');
  const said: string[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    said.push(line);
    if (said.length === lines) writer.kill('SIGKILL');
  }
  const [, signal] = await ended;
  expect(signal).toBe('SIGKILL');
  // Only whole lines are acknowledgements.
  return said.filter((line) => /^\w+ [0-9a-f-]{36}$/.test(line));
}

function idsAfter(said: readonly string[], word: string): readonly string[] {
  return said.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
}

/** Fails unless each task's events are there from the first to the last, once each and in order. */
async function expectEveryEvent({ events, tasks }: Store): Promise<void> {
  const last = new Map<string, number>();
  for (const batch of await events.read(0n, 1_000_000))
    for (const event of batch.events) {
      expect(event.sequence).toBe((last.get(subjectOf(event)) ?? 0) + 1);
      last.set(subjectOf(event), event.sequence);
    }
  for (const { id, revision } of await tasks.listTasks({ namespace: 'crash', limit: 1_000_000 }))
    expect(last.get(id)).toBe(revision);
}

/** Kills the writer again and again, and looks each time whether everything is there that it was told of. */
async function expectNothingLost(url: string): Promise<void> {
  const empty = await openStore(url);
  await empty.migrate();
  await empty.close();
  const created: string[] = [];
  const succeeded: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const said = await writeUntilKilled(url, 1 + Math.floor(Math.random() * MAX_LINES));
    created.push(...idsAfter(said, 'created'));
    succeeded.push(...idsAfter(said, 'SUCCEEDED'));

    const store = await openStore(url);
    // A task may be completed in one round whose creation was not heard of in the round before.
    const found = await store.tasks.getTasks([...created, ...succeeded].map((id) => ({ namespace: 'crash', id })));
    const status = new Map(found.map((task) => [task.id, task.status]));
    expect(created.filter((id) => !status.has(id))).toEqual([]);
    expect(succeeded.filter((id) => status.get(id) !== 'SUCCEEDED')).toEqual([]);
    await expectEveryEvent(store);
    await store.close();
  }
  expect(succeeded.length).toBeGreaterThan(0);
}

test('whatever was acknowledged is there after the process was killed, at any moment: a SQLite file', async () => {
  const path = join(directory, 'tasks.db');
  await expectNothingLost(`sqlite:${path}`);
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([
    expect.objectContaining({ integrity_check: 'ok' }),
  ]);
  database.close();
}, 120_000);

test('whatever was acknowledged is there after the process was killed, at any moment: a directory', async () => {
  await expectNothingLost(`file:${directory}`);
}, 120_000);
