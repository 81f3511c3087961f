import type { QueueStats } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SqliteDatabase } from './sqlite-database.ts';

const count = (place: string) => `
  SELECT ${place},
    sum(status = 'PENDING' AND ready) AS ready,
    sum(status = 'PENDING' AND NOT ready) AS scheduled,
    sum(status = 'RUNNING') AS running,
    min(CASE WHEN status = 'PENDING' AND ready THEN run_at END) AS oldest
  FROM task GROUP BY ${place}`;

const COUNT = count('namespace, queue');
const COUNT_BY_TYPE = count('namespace, queue, type');

interface Counted {
  readonly namespace: string;
  readonly queue: string;
  readonly type?: string;
  readonly ready: number;
  readonly scheduled: number;
  readonly running: number;
  readonly oldest: number | null;
}

/** Counts live tasks by queue and state, and perhaps by type. */
export function countTasks(db: SqliteDatabase, now: Date, byType: boolean): readonly QueueStats[] {
  return db.all<Counted>(byType ? COUNT_BY_TYPE : COUNT).map(({ oldest, ...counted }) => ({
    ...counted,
    oldestReadyFor: oldest === null ? null : Duration.ofMillis(Math.max(0, now.getTime() - oldest)),
  }));
}
