import { newTask, requestIdReused, taskAlreadyExists } from '@orrery/core';
import type { CreateOutcome, CreateTasks, NewTask, Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { writeLabels } from '../task-json.ts';
import { writeTaskOptions } from '../task-options.ts';
import { takeKey } from './dedup-keys.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';
import { readyFlag, startByValue } from './task-columns.ts';
import { takeRoom } from './use-quota.ts';

const INSERT = `
  INSERT INTO task (namespace, id, queue, type, params, params_type, priority, flow_key, options, labels, correlation_id,
    traceparent, parent_task_id, run_at, max_attempts, created_at, updated_at, ready, start_by, status, attempt, worker_id, revision)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', 0, '', 1)
  ON CONFLICT DO NOTHING`;

const HAS_ENDED = 'SELECT 1 FROM finished_task WHERE namespace = ? AND id = ?';
const FIND_REQUEST = 'SELECT body_hash, task_ids FROM create_request WHERE namespace = ? AND request_id = ?';
const ADD_REQUEST =
  'INSERT INTO create_request (namespace, request_id, body_hash, task_ids, created_at) VALUES (?, ?, ?, ?, ?)';

/**
 * Stores new tasks, or throws a `Refusal`; what was stored before it is then undone with the call. A row at a time: a set would
 * have to bring its values as JSON, and taking 20 columns out of that costs more than binding them.
 */
export function createTasks(tx: SqliteTransaction, creation: CreateTasks): readonly CreateOutcome[] {
  const { namespace, tasks, request } = creation;
  const repeated = request && findRequest(tx, namespace, request);
  if (repeated) return repeated.map((id) => ({ id, deduplicated: true }));
  const outcomes: CreateOutcome[] = [];
  for (const given of tasks) {
    const { spec, due, idIsCallers } = given;
    const holder = takeKey(tx, namespace, given);
    outcomes.push({ id: holder ?? spec.id, deduplicated: holder !== undefined });
    if (holder !== undefined) continue;
    const { task, event } = newTask({ ...spec, namespace }, runAtOf(due, tx.now), tx.now);
    const taken = !insert(tx, task) || (idIsCallers && tx.db.get(HAS_ENDED, namespace, task.id) !== undefined);
    if (taken) throw taskAlreadyExists(namespace, task.id);
    tx.tell(event);
  }
  takeRoom(tx, creation, outcomes.filter(({ deduplicated }) => !deduplicated).length);
  if (request)
    keepRequest(
      tx,
      namespace,
      request,
      outcomes.map(({ id }) => id),
    );
  return outcomes;
}

/** What a request id was used for, if it was. Throws a `Refusal` if it was used with another body. */
export function findRequest(
  { db }: SqliteTransaction,
  namespace: string,
  { id, bodyHash }: NonNullable<CreateTasks['request']>,
): readonly string[] | undefined {
  const used = db.get<{ readonly body_hash: Uint8Array; readonly task_ids: string }>(FIND_REQUEST, namespace, id);
  if (!used) return undefined;
  if (Buffer.compare(used.body_hash, bodyHash) !== 0) throw requestIdReused(id);
  return JSON.parse(used.task_ids) as string[];
}

/** Notes that a request id was used, and what for. */
export function keepRequest(
  { db, now }: SqliteTransaction,
  namespace: string,
  { id, bodyHash }: NonNullable<CreateTasks['request']>,
  ids: readonly string[],
): void {
  db.run(ADD_REQUEST, namespace, id, bodyHash, JSON.stringify(ids), now.getTime());
}

function insert({ db, now }: SqliteTransaction, task: Task): boolean {
  const inserted = db.run(
    INSERT,
    task.namespace,
    task.id,
    task.queue,
    task.type,
    task.params.data,
    task.params.contentType,
    task.priority,
    task.flowKey || null,
    writeTaskOptions(task),
    writeLabels(task.labels),
    task.correlationId,
    task.traceparent,
    task.parentTaskId,
    task.runAt.getTime(),
    task.maxAttempts,
    now.getTime(),
    now.getTime(),
    readyFlag(task, now),
    startByValue(task),
  );
  return inserted === 1;
}

function runAtOf(due: NewTask['due'], now: Date): Date {
  if (due === null) return now;
  return due instanceof Duration ? due.addTo(now) : due;
}
