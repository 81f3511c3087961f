import { monotonicMs } from '../monotonic.ts';
import { percentile } from '../statistics.ts';
import { fillTable } from './fill-table.ts';
import { claimFrom, complete, newTask, type ClaimTimes } from './measure-claims.ts';
import { withStore } from './with-store.ts';

const QUEUE = 'backlog';
const BATCH = 100;

/** Claims from a queue with so many tasks. */
export interface BacklogRow extends ClaimTimes {
  readonly queued: number;
  /** Tasks claimed and completed per second, 100 at a time, one batch after the other. */
  readonly perSecond: number;
}

/** What is to be measured, and who hears of it. */
export interface BacklogOptions {
  readonly sizes: readonly number[];
  readonly claims: number;
  readonly say: (line: string) => void;
}

/** Measures claims on PostgreSQL from queues of growing size: a claim reads what it takes, whatever waits behind. */
export async function measureBacklog(
  ground: AsyncDisposableStack,
  { sizes, claims, say }: BacklogOptions,
): Promise<readonly BacklogRow[]> {
  const { store, sql } = await withStore(ground);
  const measured: BacklogRow[] = [];
  for (const queued of sizes) {
    await sql.query('truncate task');
    const tasks = [newTask(QUEUE)];
    const [created] = await store.tasks.createTasks({ namespace: 'default', tasks, request: null });
    await fillTable(sql, {
      table: 'task',
      template: created?.id ?? '',
      rows: queued,
      progress: (count) => say(`queued tasks: ${count.toLocaleString('en')} of ${queued.toLocaleString('en')}`),
    });
    const took: number[] = [];
    const startedAt = monotonicMs();
    let done = 0;
    while (took.length < claims) {
      const before = monotonicMs();
      const claimed = await claimFrom(store.tasks, QUEUE, BATCH);
      if (claimed.length === 0) break;
      took.push(monotonicMs() - before);
      await complete(store.tasks, claimed);
      done += claimed.length;
    }
    const perSecond = (done * 1000) / (monotonicMs() - startedAt);
    measured.push({ queued, p50: percentile(took, 0.5), p99: percentile(took, 0.99), perSecond });
  }
  return measured;
}
