import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { startEphemeralPostgres } from './ephemeral-postgres.ts';

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ answer: unknown }>(sql);
    return rows[0]?.answer;
  } finally {
    await client.end();
  }
}

const DIRECTORY = `select current_setting('data_directory') as answer`;

test('a server writes durably, gives each asker a database of its own, and leaves nothing behind', async () => {
  const server = await startEphemeralPostgres();
  const directory = await ask(server.url, DIRECTORY);
  expect(await ask(server.url, `select current_setting('fsync') as answer`)).toBe('on');
  const [first, second] = await Promise.all([server.createDatabase(), server.createDatabase()]);
  await ask(first, 'create table mine ()');
  expect(await ask(second, `select to_regclass('mine') as answer`)).toBeNull();
  expect(await ask(await server.createDatabase('a "name"'), 'select current_database() as answer')).toBe('a "name"');
  await server.stop();
  await expect(ask(server.url, 'select 1')).rejects.toThrow();
  expect(existsSync(String(directory))).toBe(false);
});

test('two servers start at once', async () => {
  const servers = await Promise.all([startEphemeralPostgres(), startEphemeralPostgres()]);
  expect(servers[0].port).not.toBe(servers[1].port);
  await Promise.all(servers.map((server) => server.stop()));
});

test('a killed process takes its server along', async () => {
  const program = `
    import { startEphemeralPostgres } from ${JSON.stringify(new URL('./ephemeral-postgres.ts', import.meta.url).href)};
    console.log((await startEphemeralPostgres()).url);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: import.meta.dirname,
  });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  const client = new Client({ connectionString: url });
  await client.connect();
  client.on('error', () => undefined);
  // The spec would time out if the server stayed.
  const gone = new Promise((resolve) => client.once('end', resolve));
  child.kill('SIGKILL');
  await gone;
});
