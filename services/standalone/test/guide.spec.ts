import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EphemeralPostgres,
  freePort,
  startEphemeralPostgres,
  startProcess,
  type TestProcess,
} from '@orrery/testing';
import { asProgram, readSnippets } from './guide/snippets.ts';

const HERE = import.meta.dirname;
const ROOT = join(HERE, '../../..');
const GUIDES = join(ROOT, 'docs/guides');
const SDKS = {
  '@orrery/client': join(HERE, 'guide/client.ts'),
  '@orrery/enqueue': join(HERE, 'guide/enqueue.ts'),
  '@orrery/worker': join(HERE, 'guide/worker.ts'),
};

/** How long one snippet may take, in ms; the longest of them wait for a retry. */
const MAX_RUN_MS = 40_000;

/** The guides that show programs. What is a spec in one, a package of its own runs. */
const guides = readdirSync(GUIDES).filter(
  (name) => name.endsWith('.md') && readSnippets(readFileSync(join(GUIDES, name), 'utf8')).length > 0,
);

describe.each(guides)('the guide %s', (guide) => {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-guide-'));
  const text = readFileSync(join(GUIDES, guide), 'utf8');
  let postgres: EphemeralPostgres | undefined;
  let server: TestProcess | undefined;
  let env: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    const port = await freePort();
    env = { ORRERY_ADDRESS: `127.0.0.1:${port}` };
    // A guide that speaks of the database has one whose name it is told.
    if (text.includes(`env['DATABASE_URL']`)) {
      postgres = await startEphemeralPostgres();
      env = { ...env, DATABASE_URL: await postgres.createDatabase() };
    }
    server = startProcess(join(HERE, '../src/main.ts'), {
      ORRERY_PORT: String(port),
      ...(env['DATABASE_URL'] && { ORRERY_DATABASE_URL: env['DATABASE_URL'] }),
      ORRERY_DATA_DIR: join(folder, 'data'),
      ORRERY_LOG_LEVEL: 'error',
    });
    await server.line(/Orrery is ready/);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'snippets'));
  });

  afterAll(async () => {
    await server?.end('SIGKILL');
    await postgres?.stop();
    rmSync(folder, { recursive: true });
  });

  const snippets = readSnippets(text);

  it.each(snippets.map((snippet) => [`${guide}:${snippet.line}`, snippet.heading, snippet] as const))(
    '%s (%s) runs',
    async (_place, _heading, snippet) => {
      const file = join(folder, 'snippets', `${guide}-line-${snippet.line}.ts`);
      writeFileSync(file, asProgram(snippet, SDKS));
      const problem = await run(file, { ...env, ORRERY_NAMESPACE: `line-${snippet.line}` });
      if (problem) throw new Error(`the snippet in line ${snippet.line} of docs/guides/${guide}: ${problem}`);
    },
    MAX_RUN_MS + 10_000,
  );
});

/** Runs a program to its end; answers with what went wrong, or nothing. */
async function run(file: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const child = spawn(process.execPath, ['--conditions=@orrery/source', '--no-warnings', file], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: MAX_RUN_MS,
    killSignal: 'SIGKILL',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code === 0) return undefined;
  return `${code === null ? `did not end within ${MAX_RUN_MS} ms` : `ended with ${code}`}\n${output}`;
}
