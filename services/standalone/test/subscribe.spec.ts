import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type ReceivedEvent } from '@orrery/client';
import { freePort, startProcess } from '@orrery/testing';

const MAIN = join(import.meta.dirname, '../src/main.ts');

test('a subscription goes on by itself when the server was killed and is back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-subscribe-'));
  const port = await freePort();
  const start = async () => {
    const server = startProcess(MAIN, { ORRERY_PORT: String(port), ORRERY_DATA_DIR: folder });
    await server.errorLine(/listening/);
    return server;
  };
  let server = await start();
  const client = createClient({ address: `127.0.0.1:${port}` });
  const created: string[] = [];
  const create = async () => created.push((await client.tasks.create('a.b')).id);
  const stream = client.events.subscribe({ from: new Date(0) })[Symbol.asyncIterator]();
  const told: ReceivedEvent[] = [];
  const hear = async () => told.push((await stream.next()).value as ReceivedEvent);
  try {
    await create();
    await hear();
    await server.end('SIGKILL');
    const later = hear();
    server = await start();
    await create();
    await later;
    await create();
    await hear();
    expect(told.map(({ event }) => event.noun === 'task' && event.taskId)).toEqual(created);
    expect(new Set(told.map(({ id }) => id)).size).toBe(3);

    const rest = client.events.subscribe({ from: told[0]!.cursor })[Symbol.asyncIterator]();
    expect((await rest.next()).value).toEqual(told[1]);
    await rest.return?.();

    const readers = await client.events.cursors();
    expect(readers.find(({ name }) => name === 'assessment-logger')?.owner).toEqual(expect.any(String));
    await expect(client.events.dropCursor('assessment-logger')).rejects.toMatchObject({ reason: 'CURSOR_IN_USE' });
    await client.close();
    await expect(stream.next()).rejects.toThrow('the client was closed');
  } finally {
    await client.close();
    await server.end();
    await rm(folder, { recursive: true });
  }
});
