import type { Promotion } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const WAITING = `status = 'PENDING' AND NOT ready`;

const PROMOTE = `
  UPDATE task SET ready = 1
  WHERE rowid IN (SELECT rowid FROM task WHERE ${WAITING} AND run_at <= ? ORDER BY run_at LIMIT ?)
  RETURNING namespace, queue`;

const NEXT = `SELECT run_at FROM task WHERE ${WAITING} ORDER BY run_at LIMIT 1`;

/** Makes PENDING tasks ready whose time has come, oldest due first. */
export function promoteDueTasks({ db, now }: SqliteTransaction, limit: number): Promotion {
  const promoted = db.all<{ readonly namespace: string; readonly queue: string }>(PROMOTE, now.getTime(), limit);
  const queues = new Map(
    promoted.map(({ namespace, queue }) => [JSON.stringify([namespace, queue]), { namespace, queue }]),
  );
  const next = db.get<{ readonly run_at: number }>(NEXT);
  const nextDueIn = next ? Duration.ofMillis(Math.max(0, next.run_at - now.getTime())) : null;
  return { count: promoted.length, queues: [...queues.values()], nextDueIn };
}
