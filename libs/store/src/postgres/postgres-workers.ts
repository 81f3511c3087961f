import { workerMoveKind } from '@orrery/core';
import type { Worker, WorkerKey, WorkerProfile, WorkerProgress, WorkerState, WorkerStore } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { toWorker, type WorkerRow } from '../worker-row.ts';
import type { Database } from './database.ts';
import { fromMillis, NOW, statement, type Statement } from './statement.ts';

const TELL = 'insert into outbox (namespace, at, events)';

/** The events of one namespace's workers, as event-codec.ts has them; the kind is an SQL expression. */
const events = (kind: string) => `json_agg(json_build_array('worker', ${kind}, id, revision))`;

const REGISTER = statement(
  'register_worker',
  `with registered as (
    insert into worker (namespace, id, queues, types, concurrency, hostname, process_id, sdk, labels, state, running,
      succeeded, failed, last_finish_at, registered_at, heartbeat_at, revision)
    values ($2, $3, $4, $5, $6, $7, $8, $9, $10, 'ACTIVE', 0, 0, 0, null, ${NOW}, ${NOW}, 1)
    on conflict (namespace, id) do update set queues = excluded.queues, types = excluded.types,
      concurrency = excluded.concurrency, hostname = excluded.hostname, process_id = excluded.process_id,
      sdk = excluded.sdk, labels = excluded.labels, state = excluded.state, running = excluded.running,
      succeeded = excluded.succeeded, failed = excluded.failed, last_finish_at = excluded.last_finish_at,
      registered_at = excluded.registered_at, heartbeat_at = excluded.heartbeat_at, revision = worker.revision + 1
    returning *),
  told as (${TELL} select $2, ${NOW}, ${events(`'started'`)} from registered)
  select * from registered`,
);

/** Locks first: what there is to tell depends on the state before. */
const HEARTBEAT = statement(
  'worker_heartbeat',
  `with known as materialized (
    select namespace, id, state = 'LOST' as lost from worker where namespace = $2 and id = $3 for update),
  noted as (
    update worker set state = case when lost then 'ACTIVE' else state end, revision = revision + lost::int, running = $4,
      succeeded = $5, failed = $6, last_finish_at = ${fromMillis('$7::bigint')}, heartbeat_at = ${NOW}
    from known
    where worker.namespace = known.namespace and worker.id = known.id
    returning worker.*, lost),
  told as (
    ${TELL} select $2, ${NOW}, ${events(`'recovered'`)} from noted where lost having count(*) > 0)
  select * from noted`,
);

const MOVE = statement(
  'move_worker',
  `with known as materialized (
    select namespace, id, state <> $5 as moves from worker
    where namespace = $2 and id = $3 and state = any($4::text[])
    for update),
  moved as (
    update worker set state = $5, revision = revision + moves::int
    from known
    where worker.namespace = known.namespace and worker.id = known.id
    returning worker.*, moves),
  told as (
    ${TELL} select $2, ${NOW}, ${events('$6::text')} from moved where moves having count(*) > 0)
  select * from moved`,
);

const MARK_LOST = statement(
  'mark_lost_workers',
  `with silent as materialized (
    select namespace, id from worker
    where state in ('ACTIVE', 'DRAINING') and heartbeat_at < ${NOW} - $2::bigint * interval '1 millisecond'
    order by heartbeat_at limit $3
    for update skip locked),
  lost as (
    update worker set state = 'LOST', revision = revision + 1 from silent
    where worker.namespace = silent.namespace and worker.id = silent.id
    returning worker.*),
  told as (${TELL} select namespace, ${NOW}, ${events(`'lost'`)} from lost group by namespace)
  select * from lost`,
);

const GET = statement('get_worker', 'select * from worker where namespace = $1 and id = $2');

const LIST = statement(
  'list_workers',
  `select * from worker
  where namespace = $1 and (cardinality($2::text[]) = 0 or state = any($2)) and ($3::text is null or id > $3)
  order by id limit $4`,
);

const PURGE = statement(
  'purge_workers',
  `with gone as (
    delete from worker
    where state in ('STOPPED', 'LOST') and heartbeat_at < ${NOW} - $2::bigint * interval '1 millisecond'
    returning 1)
  select count(*)::int as count from gone`,
);

const EPOCH = new Date(0);

/** The worker registry's record in PostgreSQL. */
export class PostgresWorkers implements WorkerStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async register(profile: WorkerProfile): Promise<Worker> {
    const worker = await this.#one(REGISTER, [
      this.#database.now(),
      profile.namespace,
      profile.id,
      JSON.stringify(profile.queues),
      JSON.stringify(profile.types),
      profile.concurrency,
      profile.hostname,
      profile.processId,
      profile.sdk,
      JSON.stringify(profile.labels),
    ]);
    if (!worker) throw new Error('an insert returned no row');
    return worker;
  }

  heartbeat(key: WorkerKey, progress: WorkerProgress): Promise<Worker | null> {
    const { running, succeeded, failed, lastFinishAt } = progress;
    const { namespace, id } = key;
    const finished = lastFinishAt?.getTime() ?? null;
    return this.#one(HEARTBEAT, [this.#database.now(), namespace, id, running, succeeded, failed, finished]);
  }

  move(key: WorkerKey, from: readonly WorkerState[], to: WorkerState): Promise<Worker | null> {
    return this.#one(MOVE, [this.#database.now(), key.namespace, key.id, from, to, workerMoveKind(to)]);
  }

  markLost(silentFor: Duration, limit: number): Promise<readonly Worker[]> {
    return this.#all(MARK_LOST, [this.#database.now(), silentFor.addTo(EPOCH).getTime(), limit]);
  }

  get(key: WorkerKey): Promise<Worker | null> {
    return this.#one(GET, [key.namespace, key.id]);
  }

  list(query: {
    readonly namespace: string;
    readonly states: readonly WorkerState[];
    readonly afterId?: string;
    readonly limit: number;
  }): Promise<readonly Worker[]> {
    return this.#all(LIST, [query.namespace, query.states, query.afterId ?? null, query.limit]);
  }

  async purge(silentFor: Duration): Promise<number> {
    const values = [this.#database.now(), silentFor.addTo(EPOCH).getTime()];
    const [gone] = await this.#database.query<{ count: number }>(PURGE, values);
    return gone?.count ?? 0;
  }

  async #one(statement: Statement, values: readonly unknown[]): Promise<Worker | null> {
    return (await this.#all(statement, values))[0] ?? null;
  }

  async #all(statement: Statement, values: readonly unknown[]): Promise<Worker[]> {
    const rows = await this.#database.query<WorkerRow>(statement, values);
    return rows.map(toWorker);
  }
}
