import type {
  Clock,
  Labels,
  Worker,
  WorkerKey,
  WorkerProfile,
  WorkerProgress,
  WorkerState,
  WorkerStore,
} from '@orrery/core';
import type { Duration } from '@orrery/duration';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

interface WorkerRow {
  readonly namespace: string;
  readonly id: string;
  readonly queues: string;
  readonly types: string;
  readonly concurrency: number;
  readonly hostname: string;
  readonly process_id: number;
  readonly sdk: string;
  readonly labels: string;
  readonly state: WorkerState;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly last_finish_at: number | null;
  readonly registered_at: number;
  readonly heartbeat_at: number;
}

const REGISTER = `
  INSERT OR REPLACE INTO worker (namespace, id, queues, types, concurrency, hostname, process_id, sdk, labels, registered_at,
    heartbeat_at, state, running, succeeded, failed)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 'ACTIVE', 0, 0, 0)
  RETURNING *`;
const HEARTBEAT = `
  UPDATE worker SET running = ?, succeeded = ?, failed = ?, last_finish_at = ?, heartbeat_at = ?,
    state = CASE state WHEN 'LOST' THEN 'ACTIVE' ELSE state END
  WHERE namespace = ? AND id = ? RETURNING *`;
const MOVE = `
  UPDATE worker SET state = ? WHERE namespace = ? AND id = ? AND state IN (SELECT value FROM json_each(?)) RETURNING *`;
const MARK_LOST = `
  UPDATE worker SET state = 'LOST'
  WHERE rowid IN (SELECT rowid FROM worker WHERE state IN ('ACTIVE', 'DRAINING') AND heartbeat_at < ?
    ORDER BY heartbeat_at LIMIT ?)
  RETURNING *`;
const GET = 'SELECT * FROM worker WHERE namespace = ? AND id = ?';
const LIST = `
  SELECT * FROM worker WHERE namespace = ?1 AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2))) AND id > ?3
  ORDER BY id LIMIT ?4`;
const PURGE = `DELETE FROM worker WHERE state IN ('STOPPED', 'LOST') AND heartbeat_at < ?`;

/** Workers in SQLite. */
export class SqliteWorkers implements WorkerStore {
  readonly #db: SqliteDatabase;
  readonly #group: GroupCommit;
  readonly #clock: Clock;

  constructor(db: SqliteDatabase, group: GroupCommit, clock: Clock) {
    this.#db = db;
    this.#group = group;
    this.#clock = clock;
  }

  register(profile: WorkerProfile): Promise<Worker> {
    const { namespace, id, concurrency, hostname, processId, sdk } = profile;
    const [queues, types, labels] = [profile.queues, profile.types, profile.labels].map((part) => JSON.stringify(part));
    return this.#group.run(() => {
      const values = [namespace, id, queues ?? '', types ?? '', concurrency, hostname, processId, sdk, labels ?? ''];
      const [row] = this.#db.all<WorkerRow>(REGISTER, ...values, this.#clock.now().getTime()) as [WorkerRow];
      return toWorker(row);
    });
  }

  heartbeat({ namespace, id }: WorkerKey, progress: WorkerProgress): Promise<Worker | null> {
    const { running, succeeded, failed, lastFinishAt } = progress;
    return this.#group.run(() => {
      const values = [running, succeeded, failed, lastFinishAt?.getTime() ?? null, this.#clock.now().getTime()];
      return toWorkerOrNull(this.#db.get<WorkerRow>(HEARTBEAT, ...values, namespace, id));
    });
  }

  move({ namespace, id }: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null> {
    return this.#group.run(() =>
      toWorkerOrNull(this.#db.get<WorkerRow>(MOVE, to, namespace, id, JSON.stringify(from))),
    );
  }

  markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]> {
    return this.#group.run(() => this.#db.all<WorkerRow>(MARK_LOST, this.#before(silentFor), limit).map(toWorker));
  }

  async get({ namespace, id }: WorkerKey): Promise<Worker | null> {
    return toWorkerOrNull(this.#db.get<WorkerRow>(GET, namespace, id));
  }

  async list(query: {
    readonly namespace: string;
    readonly states: readonly WorkerState[];
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Worker[]> {
    const { namespace, states, afterId = '', limit } = query;
    return this.#db.all<WorkerRow>(LIST, namespace, JSON.stringify(states), afterId, limit).map(toWorker);
  }

  purge(silentFor: Duration): Promise<number> {
    return this.#group.run(() => this.#db.run(PURGE, this.#before(silentFor)));
  }

  #before(silentFor: Duration): number {
    return this.#clock.now().getTime() - silentFor.toMillis();
  }
}

function toWorkerOrNull(row: WorkerRow | undefined): Worker | null {
  return row ? toWorker(row) : null;
}

function toWorker(row: WorkerRow): Worker {
  return {
    namespace: row.namespace,
    id: row.id,
    queues: JSON.parse(row.queues) as string[],
    types: JSON.parse(row.types) as string[],
    concurrency: row.concurrency,
    hostname: row.hostname,
    processId: row.process_id,
    sdk: row.sdk,
    labels: JSON.parse(row.labels) as Labels,
    state: row.state,
    progress: {
      running: row.running,
      succeeded: row.succeeded,
      failed: row.failed,
      lastFinishAt: row.last_finish_at === null ? null : new Date(row.last_finish_at),
    },
    registeredAt: new Date(row.registered_at),
    heartbeatAt: new Date(row.heartbeat_at),
  };
}
