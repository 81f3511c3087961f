import { StorageError } from '@orrery/core';
import { Pool, types, type ClientBase, type PoolClient, type PoolConfig } from 'pg';
import { parseInstant } from './parse-instant.ts';
import { storageErrorOf } from './storage-errors.ts';

const OLDEST_VERSION = 14;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 20_000;
/** A server that is gone does not time statements out: then the client does. */
const ANSWER_TIMEOUT_MS = 25_000;
/**
 * Connections are kept, for a new one costs whoever waits for it some 20 ms: a process of the server, and a plan for every statement. With
 * the driver's own 10 s a quiet system makes them anew all the time.
 */
const IDLE_TIMEOUT_MS = 600_000;

/**
 * Every statement looks rows up through an index made for it, and plans are kept. A plan that was made while a table was empty
 * must not become a scan of the whole table once it is full, so the planner may use no other kinds of plan where it can help it.
 */
const SESSION = `
  set timezone = 'UTC'; set jit = off; set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off;
  set enable_hashjoin = off; set enable_mergejoin = off; set idle_in_transaction_session_timeout = '30s'`;

/** The pool waits for it before it gives the connection to anyone, which its types do not say. */
const prepareSession: (client: ClientBase) => unknown = (client) => client.query(SESSION);

/** Opens a pool of connections to a server that can be trusted with data; throws a `StorageError` that says why one cannot. */
export async function connect(url: string, poolSize: number): Promise<Pool> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'orrery',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    types: TYPES,
    onConnect: prepareSession,
  });
  // The statement in flight fails by itself; an idle connection that breaks is replaced.
  pool.on('error', ignore);
  pool.on('connect', (client: PoolClient) => client.on('error', ignore));
  try {
    await assertTrustworthy(pool);
  } catch (error) {
    await pool.end();
    throw storageErrorOf(error);
  }
  return pool;
}

async function assertTrustworthy(pool: Pool): Promise<void> {
  const { rows } = await pool.query<ServerFacts>(
    `select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync,
      pg_is_in_recovery() as replica`,
  );
  const problem = rows[0] ? whyUntrustworthy(rows[0]) : 'PostgreSQL did not say what it is';
  if (problem !== null) throw new StorageError(problem, { transient: false });
}

/** What a server says of itself. */
export interface ServerFacts {
  /** As in server_version_num, e.g. 150004. */
  readonly version: number;
  readonly fsync: string;
  readonly replica: boolean;
}

/** Why a server cannot be trusted with data; null: it can. */
export function whyUntrustworthy({ version, fsync, replica }: ServerFacts): string | null {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST_VERSION) return `PostgreSQL ${major} is too old: Orrery needs ${OLDEST_VERSION} or newer`;
  if (replica) return 'this PostgreSQL is a read-only replica: connect to the primary';
  if (fsync !== 'on') return 'this PostgreSQL runs with fsync=off and would lose acknowledged work: set fsync=on';
  return null;
}

function ignore(): void {}

const { TIMESTAMPTZ, INT8, JSON, JSONB } = types.builtins;

/** Instants as ms since 1970, bigint as such, JSON as its text: what task-row.ts takes. */
const TYPES: PoolConfig['types'] = {
  getTypeParser: (oid, format) => {
    if (oid === TIMESTAMPTZ) return parseInstant;
    if (oid === INT8) return BigInt;
    if (oid === JSON || oid === JSONB) return String;
    return types.getTypeParser(oid, format) as (value: string) => unknown;
  },
};
