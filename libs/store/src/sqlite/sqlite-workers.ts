import { workerEventOf, workerMoveKind } from '@orrery/core';
import type { Clock, Worker, WorkerKey, WorkerProfile, WorkerProgress, WorkerState, WorkerStore } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { toWorker, type WorkerRow } from '../worker-row.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const REGISTER = `
  INSERT OR REPLACE INTO worker (namespace, id, queues, types, concurrency, hostname, process_id, sdk, labels, registered_at,
    heartbeat_at, state, running, succeeded, failed, revision)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 'ACTIVE', 0, 0, 0,
    1 + coalesce((SELECT revision FROM worker WHERE namespace = ?1 AND id = ?2), 0))
  RETURNING *`;
const HEARTBEAT = `
  UPDATE worker SET running = ?, succeeded = ?, failed = ?, last_finish_at = ?, heartbeat_at = ?
  WHERE namespace = ? AND id = ? RETURNING *`;
const MOVE = 'UPDATE worker SET state = ?, revision = revision + 1 WHERE namespace = ? AND id = ? RETURNING *';
const FIND_SILENT = `
  SELECT * FROM worker WHERE state IN ('ACTIVE', 'DRAINING') AND heartbeat_at < ? ORDER BY heartbeat_at LIMIT ?`;
const GET = 'SELECT * FROM worker WHERE namespace = ? AND id = ?';
const LIST = `
  SELECT * FROM worker WHERE namespace = ?1 AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2))) AND id > ?3
  ORDER BY id LIMIT ?4`;
const PURGE = `DELETE FROM worker WHERE state IN ('STOPPED', 'LOST') AND heartbeat_at < ?`;

/** Workers in SQLite. */
export class SqliteWorkers implements WorkerStore {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;
  readonly #clock: Clock;

  constructor(tx: SqliteTransaction, group: GroupCommit, clock: Clock) {
    this.#tx = tx;
    this.#group = group;
    this.#clock = clock;
  }

  register(profile: WorkerProfile): Promise<Worker> {
    const { namespace, id, concurrency, hostname, processId, sdk } = profile;
    const [queues, types, labels] = [profile.queues, profile.types, profile.labels].map((part) => JSON.stringify(part));
    return this.#group.run(() => {
      const { db, now } = this.#tx;
      const values = [namespace, id, queues ?? '', types ?? '', concurrency, hostname, processId, sdk, labels ?? ''];
      const [row] = db.all<WorkerRow>(REGISTER, ...values, now.getTime()) as [WorkerRow];
      const worker = toWorker(row);
      this.#tx.tell(workerEventOf(worker, 'started', now));
      return worker;
    });
  }

  heartbeat({ namespace, id }: WorkerKey, progress: WorkerProgress): Promise<Worker | null> {
    const { running, succeeded, failed, lastFinishAt } = progress;
    return this.#group.run(() => {
      const values = [running, succeeded, failed, lastFinishAt?.getTime() ?? null, this.#tx.now.getTime()];
      const worker = toWorkerOrNull(this.#tx.db.get<WorkerRow>(HEARTBEAT, ...values, namespace, id));
      return worker?.state === 'LOST' ? this.#move(worker, 'ACTIVE') : worker;
    });
  }

  move(key: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null> {
    return this.#group.run(() => {
      const worker = this.#find(key);
      return worker && from.includes(worker.state) ? this.#move(worker, to) : null;
    });
  }

  markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]> {
    return this.#group.run(() =>
      this.#tx.db
        .all<WorkerRow>(FIND_SILENT, this.#before(silentFor), limit)
        .map((row) => this.#move(toWorker(row), 'LOST')),
    );
  }

  async get(key: WorkerKey): Promise<Worker | null> {
    return this.#find(key);
  }

  async list(query: {
    readonly namespace: string;
    readonly states: readonly WorkerState[];
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Worker[]> {
    const { namespace, states, afterId = '', limit } = query;
    return this.#tx.db.all<WorkerRow>(LIST, namespace, JSON.stringify(states), afterId, limit).map(toWorker);
  }

  purge(silentFor: Duration): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE, this.#before(silentFor)));
  }

  #find({ namespace, id }: WorkerKey): Worker | null {
    return toWorkerOrNull(this.#tx.db.get<WorkerRow>(GET, namespace, id));
  }

  /** Moves a worker within the transaction, and tells of it; in the same state it stays as it is. */
  #move(worker: Worker, to: WorkerState): Worker {
    if (worker.state === to) return worker;
    const [row] = this.#tx.db.all<WorkerRow>(MOVE, to, worker.namespace, worker.id) as [WorkerRow];
    const moved = toWorker(row);
    this.#tx.tell(workerEventOf(moved, workerMoveKind(to), this.#tx.now));
    return moved;
  }

  #before(silentFor: Duration): number {
    return this.#clock.now().getTime() - silentFor.toMillis();
  }
}

function toWorkerOrNull(row: WorkerRow | undefined): Worker | null {
  return row ? toWorker(row) : null;
}
