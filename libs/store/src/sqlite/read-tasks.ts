import type { Task, TaskKey } from '@orrery/core';
import type { SqliteDatabase } from './sqlite-database.ts';
import { readTask, SELECTED } from './task-columns.ts';

const ofKeys = (table: string) => `
  SELECT ${SELECTED} FROM json_each(?) AS key
  CROSS JOIN ${table} AS t ON t.namespace = key.value ->> 0 AND t.id = key.value ->> 1`;
const LIVE = ofKeys('task');
const ENDED = ofKeys('finished_task');
const CANCEL_REQUESTED = `${LIVE} WHERE t.status = 'RUNNING' AND t.cancel_requested_at IS NOT NULL`;

const EXPIRED = `
  SELECT ${SELECTED} FROM task AS t WHERE status = 'RUNNING' AND t.lease_expires_at <= ?
  ORDER BY t.lease_expires_at, t.namespace, t.id LIMIT ?`;

// The index has nothing but RUNNING tasks; left alone, SQLite would rather look at every task of the namespace.
const HELD = `
  SELECT ${SELECTED} FROM task AS t INDEXED BY task_lease
  WHERE status = 'RUNNING' AND t.namespace = ? AND t.worker_id = ? AND t.updated_at <= ?`;

/** The tasks among these keys that exist, or have ended. */
export function getTasks(db: SqliteDatabase, keys: readonly TaskKey[], which: 'all' | 'ended'): readonly Task[] {
  const wanted = keysJson(keys);
  const live = which === 'all' ? db.lists(LIVE, wanted) : [];
  return [...live, ...db.lists(ENDED, wanted)].map(readTask);
}

/** RUNNING tasks among these that were asked to be cancelled. */
export function listCancelRequests(db: SqliteDatabase, keys: readonly TaskKey[]): readonly Task[] {
  return db.lists(CANCEL_REQUESTED, keysJson(keys)).map(readTask);
}

/** RUNNING tasks whose lease has run out, longest ago first. */
export function listExpiredLeases(db: SqliteDatabase, now: Date, limit: number): readonly Task[] {
  return db.lists(EXPIRED, now.getTime(), limit).map(readTask);
}

/** RUNNING tasks that a worker holds and has not extended since then. */
export function listWorkerLeases(
  db: SqliteDatabase,
  { namespace, workerId, heldSince }: { namespace: string; workerId: string; heldSince: Date },
): readonly Task[] {
  return db.lists(HELD, namespace, workerId, heldSince.getTime()).map(readTask);
}

function keysJson(keys: readonly TaskKey[]): string {
  const unique = new Set(keys.map(({ namespace, id }) => JSON.stringify([namespace, id])));
  return `[${[...unique].join(',')}]`;
}
