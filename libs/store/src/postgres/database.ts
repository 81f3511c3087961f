import { Refusal, type Clock } from '@orrery/core';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { type ArrayElement, arrayLiteral } from './array-literal.ts';
import { isConflict, storageErrorOf } from './storage-errors.ts';
import type { Statement } from './statement.ts';

/** How often a statement is tried again that was stopped so that another could go on. */
const CONFLICT_RETRIES = 5;

/** What runs statements: the pool, or one connection inside a transaction. Throws `StorageError`. */
export interface Connection {
  query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]>;
}

/** A PostgreSQL database through a pool of connections. */
export class Database implements Connection {
  readonly #pool: Pool;
  readonly #clock: Clock | null;

  constructor(pool: Pool, clock: Clock | null) {
    this.#pool = pool;
    this.#clock = clock;
  }

  /** The first value of every statement that uses `NOW`: null lets the database's own clock decide. */
  now(): number | null {
    return this.#clock?.now().getTime() ?? null;
  }

  /** Runs one statement, which is a transaction of its own. */
  async query<R extends object>(statement: Statement, values: readonly unknown[]): Promise<R[]> {
    return retryConflicts(() => run(this.#pool, statement, values));
  }

  /** Runs several statements in one transaction, which is rolled back if `work` throws; it may be run more than once. */
  async transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    return retryConflicts(async () => {
      const client = await this.#pool.connect();
      let broken: Error | undefined;
      try {
        await client.query('begin');
        const result = await work({ query: (statement, values) => run(client, statement, values) });
        await client.query('commit');
        return result;
      } catch (error) {
        broken = await rollback(client, error);
        throw error;
      } finally {
        client.release(broken);
      }
    });
  }

  /** Closes the connections once they are idle. */
  async close(): Promise<void> {
    await this.#pool.end();
  }
}

async function run<R extends object>(on: Pool | PoolClient, statement: Statement, values: readonly unknown[]) {
  const encoded = values.map((value) => (Array.isArray(value) ? arrayLiteral(value as ArrayElement[]) : value));
  const { rows } = await on.query<R>({ name: statement.name, text: statement.text, values: encoded });
  return rows;
}

/** Undoes the transaction; returns an error if the connection is of no more use. */
async function rollback(client: PoolClient, failure: unknown): Promise<Error | undefined> {
  // Whatever neither the server nor we said came from the connection: asking it again would only take another timeout.
  if (!(failure instanceof Refusal) && !(failure instanceof DatabaseError))
    return new Error('broken', { cause: failure });
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return new Error('rollback failed', { cause: error });
  }
}

async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error) || attempt === CONFLICT_RETRIES) throw storageErrorOf(error);
    }
  }
}
