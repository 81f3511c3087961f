import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@orrery/client';
import { createWorker } from '@orrery/worker';
import { Client } from 'pg';
import { monotonicMs } from '../monotonic.ts';
import { residentMebibytes } from '../process-times.ts';
import { startServices } from '../servers/start-orrery.ts';
import { startPostgres } from '../servers/start-storage.ts';
import { percentile } from '../statistics.ts';
import { serviceProcesses } from './service-processes.ts';

const TYPE = 'soak.job';
const TICK_MS = 20;
const WINDOW_MS = 30_000;

/** What happened within half a minute. */
export interface SoakRow {
  readonly minute: number;
  /** Whether a transaction was open that holds back the removal of dead rows. */
  readonly held: boolean;
  readonly perSecond: number;
  /** From the call that creates a task to the start of its handler, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The size of the table of live tasks with its indexes, in MiB. */
  readonly taskMiB: number;
  readonly deadRows: number;
  /** Resident memory of the scheduler, the task-api and this process, in MiB. */
  readonly schedulerMiB: number;
  readonly taskApiMiB: number;
  readonly workerMiB: number;
}

/** How long, how much, and who hears of it. */
export interface SoakOptions {
  readonly minutes: number;
  readonly hold: number;
  readonly rate: number;
  readonly say: (line: string) => void;
}

/** Keeps separate services under a steady load; for `hold` minutes in the middle a transaction keeps dead rows from being removed. */
export async function measureSoak(
  ground: AsyncDisposableStack,
  { minutes, hold, rate, say }: SoakOptions,
): Promise<readonly SoakRow[]> {
  const databaseUrl = await startPostgres(ground);
  const connection = await startServices(ground, { databaseUrl, nodeOptions: () => '' });
  const processes = await serviceProcesses();
  const [sql, holder] = [new Client({ connectionString: databaseUrl }), new Client({ connectionString: databaseUrl })];
  for (const each of [sql, holder]) {
    await each.connect();
    ground.defer(() => each.end());
  }
  const client = createClient({ address: connection.url });
  ground.defer(() => client.close());
  const { scheduler = connection.url, registry = scheduler } = connection;
  const worker = createWorker({ address: scheduler, registry, concurrency: 100, prefetch: 400 });
  let waits: number[] = [];
  worker.handle<{ calledAt: number }>(TYPE, ({ calledAt }) => void waits.push(monotonicMs() - calledAt));
  await worker.start();
  ground.defer(() => worker.stop());

  const rows: SoakRow[] = [];
  const startedAt = monotonicMs();
  const minute = () => (monotonicMs() - startedAt) / 60_000;
  const holdFrom = (minutes - hold) / 2;
  let held = false;
  let created = 0;
  let windowAt = startedAt;
  while (minute() < minutes) {
    const due = Math.floor(((monotonicMs() - startedAt) * rate) / 1000);
    for (; created < due; created++) {
      const task = client.tasks.create(TYPE, { calledAt: monotonicMs() });
      task.catch((error: unknown) => say(`a task was not created: ${String(error)}`));
    }
    const shouldHold = minute() >= holdFrom && minute() < holdFrom + hold;
    if (shouldHold !== held) {
      // An id of its own is what holds the horizon back, as an application's forgotten transaction would.
      await holder.query(shouldHold ? 'begin isolation level repeatable read; select pg_current_xact_id()' : 'commit');
      held = shouldHold;
      say(held ? 'a transaction is open from now on' : 'the transaction has ended');
    }
    await pause(TICK_MS);
    if (monotonicMs() - windowAt < WINDOW_MS) continue;
    const seconds = (monotonicMs() - windowAt) / 1000;
    const taken = waits;
    waits = [];
    windowAt = monotonicMs();
    if (taken.length === 0) throw new Error('no task ran for half a minute');
    const { rows: sizes } = await sql.query<{ size: string; dead: string }>(
      `select pg_total_relation_size('task') as size,
        (select n_dead_tup from pg_stat_user_tables where relname = 'task') as dead`,
    );
    rows.push({
      minute: minute(),
      held,
      perSecond: taken.length / seconds,
      p50: percentile(taken, 0.5),
      p99: percentile(taken, 0.99),
      taskMiB: Number(sizes[0]?.size) / 1024 ** 2,
      deadRows: Number(sizes[0]?.dead),
      schedulerMiB: await residentMebibytes(processes.scheduler),
      taskApiMiB: await residentMebibytes(processes['task-api']),
      workerMiB: await residentMebibytes(process.pid),
    });
    const last = rows.at(-1);
    say(`${last?.minute.toFixed(1)} min  ${last?.perSecond.toFixed(0)}/s  p99 ${last?.p99.toFixed(1)} ms`);
  }
  return rows;
}
