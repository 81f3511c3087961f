import { join } from 'node:path';
import { createTask } from '@orrery/enqueue';
import {
  type EphemeralPostgres,
  freePort,
  startEphemeralPostgres,
  startProcess,
  type TestProcess,
} from '@orrery/testing';
import { createWorker, type Worker } from '@orrery/worker';
import { Client } from 'pg';

const SERVICES = join(import.meta.dirname, '../..');

/** How soon the median must be; polling alone would make it half a second. */
const SOON_MS = 100;
const ROUNDS = 40;

describe('an application on the same PostgreSQL', () => {
  let postgres: EphemeralPostgres;
  let application: Client;
  let worker: Worker;
  const processes: TestProcess[] = [];
  const started = new Map<string, (at: number) => void>();

  beforeAll(async () => {
    postgres = await startEphemeralPostgres();
    const url = await postgres.createDatabase();
    const [scheduler, registry] = [await freePort(), await freePort()];
    await startService('scheduler', scheduler, url, scheduler);
    await startService('worker-registry', registry, url, scheduler);
    application = new Client({ connectionString: url });
    await application.connect();
    worker = createWorker({ address: `127.0.0.1:${scheduler}`, registry: `127.0.0.1:${registry}` });
    worker.handle('ship', async (_, { task }) => started.get(task.id)?.(performance.now()));
    await worker.start();
  }, 60_000);

  afterAll(async () => {
    await worker.stop();
    await application.end();
    await Promise.all(processes.map((process) => process.end()));
    await postgres.stop();
  });

  async function startService(name: string, port: number, url: string, scheduler: number): Promise<void> {
    const service = startProcess(join(SERVICES, name, 'src/main.ts'), {
      ORRERY_PORT: String(port),
      ORRERY_DATABASE_URL: url,
      ORRERY_SCHEDULERS: `127.0.0.1:${scheduler}`,
      ORRERY_LOG_LEVEL: 'info',
    });
    processes.push(service);
    await service.errorLine(/listening/);
  }

  /** Creates a task in a transaction, commits, and says how many ms later its handler began. */
  async function commitOne(): Promise<number> {
    await application.query('begin');
    const id = await createTask(application, 'ship');
    const running = new Promise<number>((resolve) => started.set(id, resolve));
    await application.query('commit');
    const committedAt = performance.now();
    return (await running) - committedAt;
  }

  async function untilListening(): Promise<number> {
    for (;;) {
      const { rows } = await application.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and application_name = 'orrery listener'
          and query like 'listen%' and state = 'idle'`,
      );
      if (rows[0]) return rows[0].pid;
    }
  }

  it('A14: has its tasks claimed within 100 ms of its commit', async () => {
    await untilListening();
    await commitOne();
    const millis: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) millis.push(await commitOne());
    millis.sort((a, b) => a - b);
    expect(millis[ROUNDS / 2]).toBeLessThan(SOON_MS);
  });

  it('A14: leaves nothing when it rolls back', async () => {
    await application.query('begin');
    const id = await createTask(application, 'ship');
    await application.query('rollback');
    await commitOne();
    const { rows } = await application.query(
      `select from task where id = $1 union all select from finished_task where id = $1
        union all select from outbox where events like '%' || $1 || '%'`,
      [id],
    );
    expect(rows).toEqual([]);
  });

  it('is served by polling while nobody listens, and at once when somebody does again', async () => {
    await application.query('select pg_terminate_backend($1)', [await untilListening()]);
    expect(await commitOne()).toBeLessThan(5_000);
    await untilListening();
    const millis = [await commitOne(), await commitOne(), await commitOne()];
    expect(Math.min(...millis)).toBeLessThan(SOON_MS);
  });
});
