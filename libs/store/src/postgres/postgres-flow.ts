import { concernsQueues, millisToOpen } from '@orrery/core';
import type { FlowLimit, FlowStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { FLOW_LIMIT_COLUMNS, flowLimitValues, toFlowLimit, toRateUse } from '../flow-row.ts';
import type { FlowLimitRow, FlowRateRow } from '../flow-row.ts';
import type { Database } from './database.ts';
import { statement, toMillis } from './statement.ts';
import { Turns } from './turns.ts';

const COLUMNS = FLOW_LIMIT_COLUMNS.join(', ');
const CHANGED = FLOW_LIMIT_COLUMNS.slice(2)
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');

const PUT = statement(
  'put_flow_limit',
  `with forgotten as (delete from flow_rate where namespace = $1 and limit_name = $2)
  insert into flow_limit (${COLUMNS}) values (${FLOW_LIMIT_COLUMNS.map((_, i) => `$${i + 1}`).join(', ')})
  on conflict (namespace, name) do update set ${CHANGED}
  returning xmax = 0 as created`,
);

const LIST = statement('list_flow_limits', `select ${COLUMNS} from flow_limit where namespace = $1 order by name`);

const DELETE = statement(
  'delete_flow_limit',
  `with forgotten as (delete from flow_rate where namespace = $1 and limit_name = $2)
  delete from flow_limit where namespace = $1 and name = $2 returning 1 as deleted`,
);

const LIMITED = statement('list_limited_queues', 'select distinct namespace, queue from flow_limit');

/** The time in ms, fractions included: the database's own unless the store was given a clock. */
const NOW_MS = `coalesce($1::float8, ${toMillis('clock_timestamp()')}::float8)`;

const RATES = statement(
  'list_flow_rates',
  `select limit_name, flow_key, full_at, ${NOW_MS} as now from flow_rate where namespace = $2 and full_at > ${NOW_MS}`,
);

const PURGE = statement('purge_flow_rates', `delete from flow_rate where full_at <= ${NOW_MS} returning 1 as purged`);

/** How long a process goes by what it knows of which queues are limited. */
const KNOWN_FOR_MS = 1000;

/** Limits in PostgreSQL. */
export class PostgresFlow implements FlowStore {
  readonly #database: Database;
  /** The queues that have limits, "" for every queue of the namespace; null: to be asked. */
  #limited: Promise<ReadonlySet<string>> | null = null;
  #askedAt = 0;
  /** The queues in which keyed tasks were ready when last looked. */
  readonly #keyed = new Set<string>();
  /** Claims where keys take turns or limits hold. */
  readonly claims = new Turns();

  constructor(database: Database) {
    this.#database = database;
  }

  async setLimit(limit: FlowLimit): Promise<{ readonly created: boolean }> {
    const [put] = await this.#database.query<{ created: boolean }>(PUT, flowLimitValues(limit));
    this.#limited = null;
    return { created: put?.created ?? false };
  }

  async listLimits(namespace: string): Promise<readonly FlowLimit[]> {
    return (await this.#database.query<FlowLimitRow>(LIST, [namespace])).map(toFlowLimit);
  }

  async deleteLimit(namespace: string, name: string): Promise<boolean> {
    const deleted = await this.#database.query(DELETE, [namespace, name]);
    this.#limited = null;
    return deleted.length > 0;
  }

  async areLimited(namespace: string, queues: readonly string[]): Promise<boolean> {
    const limited = await this.#knownLimits();
    if (limited.size === 0) return false;
    return ['', ...queues].some((queue) => limited.has(nameOf(namespace, queue)));
  }

  async nextOpening(namespace: string, queues: readonly string[]): Promise<Duration | null> {
    if (!(await this.areLimited(namespace, queues))) return null;
    const rates = await this.#database.query<FlowRateRow & { now: number }>(RATES, [this.#database.now(), namespace]);
    if (rates.length === 0) return null;
    const limits = (await this.listLimits(namespace)).filter((limit) => concernsQueues(limit, queues));
    const waits = rates.flatMap((row) => {
      const rate = limits.find(({ name }) => name === row.limit_name)?.rate;
      return rate ? [millisToOpen(rate, toRateUse(row).fullAt, new Date(row.now))].filter((millis) => millis > 0) : [];
    });
    return waits.length === 0 ? null : Duration.ofMillis(Math.min(...waits));
  }

  async purgeRates(): Promise<number> {
    return (await this.#database.query(PURGE, [this.#database.now()])).length;
  }

  /**
   * Whether a claim must share: some of these queues are limited, or have keys that take turns. Of limits set by another process it
   * hears within a second; of keys it may not know yet, then the plain claim finds them.
   */
  async mustShare(namespace: string, queues: readonly string[]): Promise<boolean> {
    if (queues.some((queue) => this.#keyed.has(nameOf(namespace, queue)))) return true;
    return this.areLimited(namespace, queues);
  }

  /** Notes in which of these queues keyed tasks are ready. */
  noteKeyed(namespace: string, queues: readonly string[], keyed: ReadonlySet<string>): void {
    for (const queue of queues) {
      const name = nameOf(namespace, queue);
      if (keyed.has(queue)) this.#keyed.add(name);
      else this.#keyed.delete(name);
    }
  }

  #knownLimits(): Promise<ReadonlySet<string>> {
    if (this.#limited && performance.now() - this.#askedAt < KNOWN_FOR_MS) return this.#limited;
    this.#askedAt = performance.now();
    const asked = this.#database
      .query<{ namespace: string; queue: string }>(LIMITED, [])
      .then((rows) => new Set(rows.map(({ namespace, queue }) => nameOf(namespace, queue))));
    asked.catch(() => (this.#limited = null));
    this.#limited = asked;
    return asked;
  }
}

// Neither namespaces nor queues have a NUL, so that no two pairs make the same name.
function nameOf(namespace: string, queue: string): string {
  return `${namespace}\0${queue}`;
}
