import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from '@orrery/client';
import { freePort, startProcess, type TestProcess } from '@orrery/testing';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const WORKER = join(import.meta.dirname, 'counting-worker.ts');

interface Attempt {
  readonly id: string;
  readonly attempt: number;
  readonly worker: string;
  readonly at: number;
}

describe('when a process is killed', () => {
  let folder: string;
  let ledger: string;
  let port: number;
  let processes: TestProcess[];
  let client: Client;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'orrery-crash-'));
    ledger = join(folder, 'attempts.jsonl');
    port = await freePort();
    processes = [];
    client = createClient({ address: `127.0.0.1:${port}` });
  });

  afterEach(async () => {
    await client.close();
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  async function startServer(): Promise<TestProcess> {
    const env = { ORRERY_PORT: String(port), ORRERY_DATA_DIR: join(folder, 'data'), ORRERY_LOG_LEVEL: 'warn' };
    const server = startProcess(MAIN, env);
    processes.push(server);
    await server.line(/Orrery is ready/);
    return server;
  }

  async function startWorker(id: string, runMillis: number, concurrency: number): Promise<TestProcess> {
    const worker = startProcess(WORKER, {
      ADDRESS: `127.0.0.1:${port}`,
      WORKER_ID: id,
      LEDGER: ledger,
      RUN_MS: String(runMillis),
      CONCURRENCY: String(concurrency),
    });
    processes.push(worker);
    await worker.line(/started/);
    return worker;
  }

  const attempts = (): Attempt[] =>
    readFileSync(ledger, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Attempt);

  it('runs what a killed worker held elsewhere within 35 s, and each ends exactly once', async () => {
    await startServer();
    const doomed = await startWorker('doomed', 600_000, 100);
    const full = doomed.line(/full/);
    const handles = await client.tasks.createMany(
      Array.from({ length: 100 }, (_, i) => ({ type: 'count', params: i })),
    );
    await full;
    const killedAt = Date.now();
    await doomed.end('SIGKILL');
    await startWorker('heir', 0, 100);
    await Promise.all(handles.map((handle) => handle.result()));

    const again = attempts().filter(({ worker }) => worker === 'heir');
    expect(new Set(again.map(({ id }) => id)).size).toBe(100);
    expect(again).toHaveLength(100);
    expect(again.every(({ attempt }) => attempt === 2)).toBe(true);
    expect(Math.max(...again.map(({ at }) => at)) - killedAt).toBeLessThan(35_000);
    const tasks = await Promise.all(handles.map((handle) => handle.get()));
    expect(tasks.every((task) => task.status === 'SUCCEEDED' && task.failedAttempts.length === 1)).toBe(true);
  }, 60_000);

  it('ends every acknowledged task though standalone is killed again and again', async () => {
    await startServer();
    await startWorker('w1', 1, 20);
    await startWorker('w2', 1, 20);
    const acknowledged: string[] = [];
    let done = false;
    const submitting = (async () => {
      for (let i = 0; i < 1_000; i += 10) {
        const batch = Array.from({ length: 10 }, (_, k) => client.tasks.create('count', i + k));
        for (const handle of await Promise.all(batch)) acknowledged.push(handle.id);
      }
      done = true;
    })();
    let kills = 0;
    while (!done && kills < 5) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      await processes
        .find(({ child }) => child.spawnargs.includes(MAIN) && child.exitCode === null && !child.killed)
        ?.end('SIGKILL');
      kills += 1;
      await startServer();
    }
    await submitting;
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(new Set(acknowledged).size).toBe(1_000);
    const results = await Promise.all(acknowledged.map((id) => client.tasks.wait(id)));
    expect(results.every((task) => task.status === 'SUCCEEDED')).toBe(true);
    const all: string[] = [];
    for await (const task of client.tasks.list({})) all.push(task.id);
    expect(all.length).toBe(1_000);
  }, 120_000);
});
