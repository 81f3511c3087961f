import { join } from 'node:path';
import { createClient } from '@orrery/client';
import {
  type EphemeralPostgres,
  freePort,
  startEphemeralPostgres,
  startProcess,
  type TestProcess,
} from '@orrery/testing';
import { createWorker } from '@orrery/worker';

const SERVICES = join(import.meta.dirname, '../..');

describe('the services as separate processes on PostgreSQL', () => {
  let postgres: EphemeralPostgres;
  const processes: TestProcess[] = [];

  beforeAll(async () => {
    postgres = await startEphemeralPostgres();
  }, 60_000);

  afterAll(async () => {
    await Promise.all(processes.map((process) => process.end('SIGKILL')));
    await postgres.stop();
  });

  async function startService(name: string, port: number, env: Record<string, string>): Promise<TestProcess> {
    const service = startProcess(join(SERVICES, name, 'src/main.ts'), {
      ORRERY_PORT: String(port),
      ORRERY_LOG_LEVEL: 'info',
      ...env,
    });
    processes.push(service);
    await service.errorLine(/listening/);
    return service;
  }

  it('run tasks together, submit while the scheduler is down, and stop cleanly', async () => {
    const [api, scheduler, registry] = [await freePort(), await freePort(), await freePort()];
    const ORRERY_DATABASE_URL = await postgres.createDatabase();
    const ORRERY_SCHEDULERS = `127.0.0.1:${scheduler}`;
    const env = { ORRERY_DATABASE_URL, ORRERY_SCHEDULERS };
    await Promise.all([
      startService('task-api', api, env),
      startService('scheduler', scheduler, env),
      startService('worker-registry', registry, env),
    ]);
    const client = createClient({ address: `127.0.0.1:${api}` });
    const worker = createWorker({ address: ORRERY_SCHEDULERS, registry: `127.0.0.1:${registry}`, id: 'w1' });
    worker.handle('double', async (n: number) => n * 2);
    await worker.start();

    const handles = await Promise.all(Array.from({ length: 200 }, (_, i) => client.tasks.create<number>('double', i)));
    const results = await Promise.all(handles.map((handle) => handle.result()));
    expect(results).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i));

    const [, down] = processes;
    expect(await down?.end('SIGTERM')).toBe(0);
    const waiting = await client.tasks.create<number>('double', 21);
    await startService('scheduler', scheduler, env);
    expect(await waiting.result()).toBe(42);

    await worker.stop();
    await client.close();
    const codes = await Promise.all(
      [processes[0], processes[2], processes[3]].map(async (process) => process?.end('SIGTERM')),
    );
    expect(codes).toEqual([0, 0, 0]);
  }, 60_000);
});
