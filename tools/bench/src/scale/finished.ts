import { claimFrom, complete, measureClaims, newTask, type ClaimTimes } from './measure-claims.ts';
import { fillTable } from './fill-table.ts';
import { withStore } from './with-store.ts';

/** Claims beside so many finished tasks. */
export interface FinishedRow extends ClaimTimes {
  readonly finished: number;
}

/** What is to be measured, and who hears of it. */
export interface FinishedOptions {
  readonly rows: number;
  readonly claims: number;
  readonly say: (line: string) => void;
}

/** Measures claims on PostgreSQL beside 1,000 finished tasks, then beside `rows`: what has ended must not slow what has not. */
export async function measureFinished(
  ground: AsyncDisposableStack,
  { rows, claims, say }: FinishedOptions,
): Promise<readonly FinishedRow[]> {
  const { store, sql } = await withStore(ground);
  const [created] = await store.tasks.createTasks({
    namespace: 'default',
    tasks: [newTask('template')],
    request: null,
  });
  await complete(store.tasks, await claimFrom(store.tasks, 'template', 1));
  const template = created?.id ?? '';
  const measured: FinishedRow[] = [];
  let filled = 0;
  for (const goal of [1_000, rows]) {
    await sql.query(`delete from finished_task where id like 'filled-%'`);
    await fillTable(sql, {
      table: 'finished_task',
      template,
      rows: goal,
      progress: (count) => say(`finished tasks: ${count.toLocaleString('en')} of ${goal.toLocaleString('en')}`),
    });
    filled = goal;
    measured.push({ finished: filled, ...(await measureClaims(store, claims)) });
  }
  return measured;
}
