import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@orrery/client';
import { createWorker } from '@orrery/worker';
import { Client } from 'pg';
import { monotonicMs } from '../monotonic.ts';
import { startServices } from '../servers/start-orrery.ts';
import { startPostgres } from '../servers/start-storage.ts';
import { percentile } from '../statistics.ts';

const LARGE = 'large.job';
const SMALL = 'small.job';
const FILL = 1_000;
/** How long a handler takes, in milliseconds: ten at once are 2,000 a second at most. */
const WORK_MS = 5;
const CONCURRENCY = 10;
/** One task of the small tenant every so many milliseconds. */
const SMALL_EVERY_MS = 20;
const WARM_UP_MS = 3_000;

/** How long one tenant's tasks wait while another has so many queued. */
export interface FairnessRow {
  /** How many tasks the large tenant has queued, all the while: what is done is made up for. */
  readonly queued: number;
  /** How many of its tasks ran, per second. */
  readonly largePerSecond: number;
  readonly smallTasks: number;
  /** From the call that creates a task of the small tenant to the start of its handler, in milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** How much is queued, how long it is looked at, and who hears of it. */
export interface FairnessOptions {
  readonly sizes: readonly number[];
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** Two tenants, each with a key of its own, share one worker that is always busy; each backlog has a database of its own. */
export async function measureFairness(
  ground: AsyncDisposableStack,
  { sizes, seconds, say }: FairnessOptions,
): Promise<readonly FairnessRow[]> {
  const rows: FairnessRow[] = [];
  for (const queued of sizes) {
    const own = ground.use(new AsyncDisposableStack());
    rows.push(await measureBeside(own, queued, seconds, say));
    await own.disposeAsync();
  }
  return rows;
}

async function measureBeside(
  ground: AsyncDisposableStack,
  queued: number,
  seconds: number,
  say: (line: string) => void,
): Promise<FairnessRow> {
  const databaseUrl = await startPostgres(ground);
  const connection = await startServices(ground, { databaseUrl, nodeOptions: () => '' });
  const client = createClient({ address: connection.url });
  ground.defer(() => client.close());
  const fill = () =>
    client.tasks.createMany(Array.from({ length: FILL }, () => ({ type: LARGE, params: {}, key: 'large' })));
  for (let filled = 0; filled < queued; filled += FILL) {
    await fill();
    if ((filled + FILL) % 20_000 === 0) say(`${filled + FILL} of ${queued} queued`);
  }
  // What autovacuum and a checkpoint do soon after so much was written is not to fall into the one measurement and not the other.
  await settle(databaseUrl);

  let large = 0;
  let waits: number[] = [];
  const { scheduler = connection.url, registry = scheduler } = connection;
  const worker = createWorker({ address: scheduler, registry, concurrency: CONCURRENCY });
  const refills: Promise<unknown>[] = [];
  worker.handle(LARGE, async () => {
    await pause(WORK_MS);
    large += 1;
    if (large % FILL === 0) refills.push(fill());
  });
  worker.handle<{ calledAt: number }>(SMALL, async ({ calledAt }) => {
    waits.push(monotonicMs() - calledAt);
    await pause(WORK_MS);
  });
  await worker.start();
  ground.defer(() => worker.stop());

  const startedAt = monotonicMs();
  const created: Promise<unknown>[] = [];
  let measuredFrom = { at: startedAt, large: 0 };
  for (let isWarm = false, n = 0; monotonicMs() - startedAt < WARM_UP_MS + seconds * 1000; n += 1) {
    if (!isWarm && monotonicMs() - startedAt >= WARM_UP_MS) {
      isWarm = true;
      waits = [];
      measuredFrom = { at: monotonicMs(), large };
    }
    created.push(client.tasks.create(SMALL, { calledAt: monotonicMs() }, { key: 'small' }));
    await pause(Math.max(0, startedAt + (n + 1) * SMALL_EVERY_MS - monotonicMs()));
  }
  await Promise.all([...created, ...refills]);
  const elapsed = (monotonicMs() - measuredFrom.at) / 1000;
  const row = {
    queued,
    largePerSecond: (large - measuredFrom.large) / elapsed,
    smallTasks: waits.length,
    p50: percentile(waits, 0.5),
    p95: percentile(waits, 0.95),
    p99: percentile(waits, 0.99),
  };
  say(`beside ${queued}: p95 ${row.p95.toFixed(1)} ms`);
  return row;
}

async function settle(databaseUrl: string): Promise<void> {
  const sql = new Client({ connectionString: databaseUrl });
  await sql.connect();
  try {
    await sql.query('vacuum analyze');
    await sql.query('checkpoint');
  } finally {
    await sql.end();
  }
}
