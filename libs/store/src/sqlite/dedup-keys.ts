import { dedupKeyTaken, holdKey, isKeyHeld, mayRedrive, redriveTask, takesKeyBack } from '@orrery/core';
import type { Change, DedupHold, NewTask, Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const FIND = 'SELECT task_id, hold_window, expires_at FROM task_dedup WHERE namespace = ? AND key = ?';
const IS_LIVE = 'SELECT 1 FROM task WHERE namespace = ? AND id = ?';
const TAKE = `
  INSERT INTO task_dedup (namespace, key, task_id, hold_window, expires_at, held_at) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET task_id = excluded.task_id, hold_window = excluded.hold_window,
    expires_at = excluded.expires_at, held_at = excluded.held_at`;
const PURGE_OVER = `
  DELETE FROM task_dedup WHERE rowid IN (SELECT rowid FROM task_dedup WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`;
const PURGE_UNUSED = `
  DELETE FROM task_dedup WHERE rowid IN (
    SELECT rowid FROM (
      SELECT rowid, namespace, task_id FROM task_dedup
      WHERE hold_window = 'WHILE_ACTIVE' AND held_at < ? ORDER BY held_at LIMIT ?) AS oldest
    WHERE NOT EXISTS (SELECT 1 FROM task AS t WHERE t.namespace = oldest.namespace AND t.id = oldest.task_id)
      AND NOT EXISTS (SELECT 1 FROM finished_task AS t WHERE t.namespace = oldest.namespace AND t.id = oldest.task_id))`;

/** How long a key is held at least before it is looked at whether anybody still does. */
const UNDISTURBED = Duration.of({ minutes: 1 });

/** The task that holds a new task's dedup key; undefined: nobody did, and now the new one does. */
export function takeKey(tx: SqliteTransaction, namespace: string, { spec, dedupWindow }: NewTask): string | undefined {
  if (dedupWindow === undefined) return undefined;
  const hold = find(tx, namespace, spec.dedupKey);
  if (hold && isKeyHeld(hold, isLive(tx, namespace, hold), tx.now)) return hold.taskId;
  write(tx, namespace, spec.dedupKey, holdKey(spec.id, dedupWindow, tx.now));
  return undefined;
}

/** Redrives tasks, each with its dedup key to itself; refuses with DEDUP_KEY_TAKEN where it has not. */
export function redriveWithin(tx: SqliteTransaction): (task: Task, now: Date) => Change | null {
  return (task, now) => {
    const change = redriveTask(task, now);
    if (change && task.dedupKey !== '') takeKeyBack(tx, task);
    return change;
  };
}

function takeKeyBack(tx: SqliteTransaction, { namespace, id, dedupKey }: Task): void {
  const hold = find(tx, namespace, dedupKey);
  if (!hold || !takesKeyBack(id, hold)) return;
  if (!mayRedrive(id, hold, isLive(tx, namespace, hold))) throw dedupKeyTaken(id, dedupKey, hold.taskId);
  write(tx, namespace, dedupKey, { ...hold, taskId: id });
}

/** Forgets keys that nobody holds any more; returns how many. */
export function purgeDedupKeys({ db, now }: SqliteTransaction, limit: number): number {
  const over = db.run(PURGE_OVER, now.getTime(), limit);
  return over + db.run(PURGE_UNUSED, now.getTime() - UNDISTURBED.toMillis(), limit - over);
}

function find({ db }: SqliteTransaction, namespace: string, key: string): DedupHold | undefined {
  const row = db.get<{ task_id: string; hold_window: DedupHold['window']; expires_at: number | null }>(
    FIND,
    namespace,
    key,
  );
  if (!row) return undefined;
  const expiresAt = row.expires_at === null ? null : new Date(row.expires_at);
  return { taskId: row.task_id, window: row.hold_window, expiresAt };
}

function isLive({ db }: SqliteTransaction, namespace: string, { taskId }: DedupHold): boolean {
  return db.get(IS_LIVE, namespace, taskId) !== undefined;
}

function write({ db, now }: SqliteTransaction, namespace: string, key: string, hold: DedupHold): void {
  db.run(TAKE, namespace, key, hold.taskId, hold.window, hold.expiresAt?.getTime() ?? null, now.getTime());
}
