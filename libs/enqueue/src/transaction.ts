import { CompiledQuery } from 'kysely';
import type { TaskQuery } from './task-query.ts';

/** A client of the package `pg` on which a transaction was begun. */
export interface PgClient {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  /** "I" outside of a transaction; `pg` has it since 8.17. */
  getTransactionStatus?(): string | null;
}

/** A transaction of Kysely's. */
export interface KyselyTransaction {
  readonly isTransaction: boolean;
  executeQuery(query: CompiledQuery): Promise<{ readonly rows: readonly unknown[] }>;
}

/** MikroORM's entity manager, as `em.transactional` gives it. */
export interface EntityManager {
  getKysely(): KyselyTransaction;
}

/** What a transaction is in: whatever an application uses to talk to PostgreSQL. */
export type Transaction = PgClient | KyselyTransaction | EntityManager;

/** Runs a statement in a transaction and returns its first row; throws a TypeError if there is no transaction. */
export async function runIn(on: Transaction, { text, values }: TaskQuery): Promise<unknown> {
  if ('getKysely' in on) return runOnKysely(on.getKysely(), text, values);
  return 'executeQuery' in on ? runOnKysely(on, text, values) : runOnClient(on, text, values);
}

async function runOnKysely(on: KyselyTransaction, text: string, values: readonly unknown[]): Promise<unknown> {
  if (!on.isTransaction) throw notIn('call createTask within em.transactional or kysely.transaction()');
  const { rows } = await on.executeQuery(CompiledQuery.raw(text, [...values]));
  return rows[0];
}

async function runOnClient(on: PgClient, text: string, values: readonly unknown[]): Promise<unknown> {
  // A pool would run it on any of its connections.
  if ('totalCount' in on) throw notIn('a pool has none: pass the client on which you began one');
  if (on.getTransactionStatus?.() === 'I') throw notIn('begin one on this client first');
  const { rows } = await on.query(text, [...values]);
  return rows[0];
}

function notIn(advice: string): TypeError {
  return new TypeError(`not in a transaction: ${advice}`);
}
