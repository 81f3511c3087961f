import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { Client } from 'pg';
import { schemaOrm } from '../schema-orm.ts';

/** Any number that nobody else uses for an advisory lock in the same database. */
const LOCK = 7_226_779_001;

/** Brings the schema up to date; of several processes that do so at once, the others wait for the first. */
export async function migratePostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const orm = schemaOrm('postgresql', { driver: PostgreSqlDriver, clientUrl: url });
    try {
      await orm.migrator.up();
    } finally {
      await orm.close(true);
    }
  } finally {
    // Gives the lock back, too.
    await client.end();
  }
}
