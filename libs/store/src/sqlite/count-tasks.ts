import type { QueueStats } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SqliteDatabase } from './sqlite-database.ts';

const COUNT = `
  SELECT namespace, queue,
    sum(status = 'PENDING' AND ready) AS ready,
    sum(status = 'PENDING' AND NOT ready) AS scheduled,
    sum(status = 'RUNNING') AS running,
    min(CASE WHEN status = 'PENDING' AND ready THEN run_at END) AS oldest
  FROM task GROUP BY namespace, queue`;

interface Counted {
  readonly namespace: string;
  readonly queue: string;
  readonly ready: number;
  readonly scheduled: number;
  readonly running: number;
  readonly oldest: number | null;
}

/** Counts live tasks by queue and state. */
export function countTasks(db: SqliteDatabase, now: Date): readonly QueueStats[] {
  return db.all<Counted>(COUNT).map(({ namespace, queue, ready, scheduled, running, oldest }) => ({
    namespace,
    queue,
    ready,
    scheduled,
    running,
    oldestReadyFor: oldest === null ? null : Duration.ofMillis(Math.max(0, now.getTime() - oldest)),
  }));
}
