import { concernsQueues, millisToOpen } from '@orrery/core';
import type { Clock, FlowLimit, FlowStore, FlowUse, RateUse, RunningCount } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { FLOW_LIMIT_COLUMNS, flowLimitValues, toFlowLimit, toRateUse } from '../flow-row.ts';
import type { FlowLimitRow, FlowRateRow } from '../flow-row.ts';
import type { GroupCommit } from './group-commit.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

const FIND = 'SELECT 1 FROM flow_limit WHERE namespace = ? AND name = ?';
const PUT = `REPLACE INTO flow_limit (${FLOW_LIMIT_COLUMNS.join(', ')}) VALUES (${FLOW_LIMIT_COLUMNS.map(() => '?').join(', ')})`;
const LIST = `SELECT ${FLOW_LIMIT_COLUMNS.join(', ')} FROM flow_limit WHERE namespace = ? ORDER BY name`;
const DELETE = 'DELETE FROM flow_limit WHERE namespace = ? AND name = ?';
const FORGET = 'DELETE FROM flow_rate WHERE namespace = ? AND limit_name = ?';
const PURGE = 'DELETE FROM flow_rate WHERE full_at <= ?';
const RATES = 'SELECT limit_name, flow_key, full_at FROM flow_rate WHERE namespace = ? AND full_at > ?';
const KEEP = 'REPLACE INTO flow_rate (namespace, limit_name, flow_key, full_at) VALUES (?, ?, ?, ?)';

// The index has nothing but RUNNING tasks, of which there are few.
const RUNNING = `
  SELECT queue, type, coalesce(flow_key, '') AS flowKey, count(*) AS count FROM task INDEXED BY task_lease
  WHERE status = 'RUNNING' AND namespace = ? GROUP BY 1, 2, 3`;

/** Limits in SQLite. */
export class SqliteFlow implements FlowStore {
  readonly #tx: SqliteTransaction;
  readonly #group: GroupCommit;
  readonly #clock: Clock;

  constructor(tx: SqliteTransaction, group: GroupCommit, clock: Clock) {
    this.#tx = tx;
    this.#group = group;
    this.#clock = clock;
  }

  setLimit(limit: FlowLimit): Promise<{ readonly created: boolean }> {
    const { db } = this.#tx;
    const values = flowLimitValues(limit).map((value) => (typeof value === 'boolean' ? Number(value) : value));
    return this.#group.run(() => {
      const created = db.get(FIND, limit.namespace, limit.name) === undefined;
      db.run(PUT, ...values);
      db.run(FORGET, limit.namespace, limit.name);
      return { created };
    });
  }

  async listLimits(namespace: string): Promise<readonly FlowLimit[]> {
    return readLimits(this.#tx.db, namespace);
  }

  deleteLimit(namespace: string, name: string): Promise<boolean> {
    const { db } = this.#tx;
    return this.#group.run(() => {
      db.run(FORGET, namespace, name);
      return db.run(DELETE, namespace, name) > 0;
    });
  }

  async areLimited(namespace: string, queues: readonly string[]): Promise<boolean> {
    return readLimits(this.#tx.db, namespace).some((limit) => concernsQueues(limit, queues));
  }

  async nextOpening(namespace: string, queues: readonly string[]): Promise<Duration | null> {
    const limits = readLimits(this.#tx.db, namespace).filter((limit) => concernsQueues(limit, queues));
    const now = this.#clock.now();
    const waits = readRates(this.#tx.db, namespace, now).flatMap(({ limit, fullAt }) => {
      const rate = limits.find(({ name }) => name === limit)?.rate;
      return rate ? [millisToOpen(rate, fullAt, now)].filter((millis) => millis > 0) : [];
    });
    return waits.length === 0 ? null : Duration.ofMillis(Math.min(...waits));
  }

  purgeRates(): Promise<number> {
    return this.#group.run(() => this.#tx.db.run(PURGE, this.#tx.now.getTime()));
  }
}

/** What the limits of some queues leave room for is reckoned from this. */
export function readFlowUse({ db, now }: SqliteTransaction, namespace: string, queues: readonly string[]): FlowUse {
  const limits = readLimits(db, namespace).filter((limit) => concernsQueues(limit, queues));
  const counts = limits.some(({ maxRunning }) => maxRunning !== null);
  return {
    limits,
    running: counts ? db.all<RunningCount>(RUNNING, namespace) : [],
    rates: limits.some(({ rate }) => rate) ? readRates(db, namespace, now) : [],
  };
}

/** Keeps what a claim used of rates. */
export function keepRates({ db }: SqliteTransaction, namespace: string, uses: readonly RateUse[]): void {
  for (const { limit, flowKey, fullAt } of uses) db.run(KEEP, namespace, limit, flowKey, fullAt);
}

function readLimits(db: SqliteDatabase, namespace: string): readonly FlowLimit[] {
  return db.all<FlowLimitRow>(LIST, namespace).map(toFlowLimit);
}

function readRates(db: SqliteDatabase, namespace: string, now: Date): readonly RateUse[] {
  return db.all<FlowRateRow>(RATES, namespace, now.getTime()).map(toRateUse);
}
