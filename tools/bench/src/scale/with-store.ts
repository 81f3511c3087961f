import type { Store } from '@orrery/core';
import { openStore } from '@orrery/store';
import { Client } from 'pg';
import { startPostgres } from '../servers/start-storage.ts';

/** Orrery's store on an empty PostgreSQL, and a connection beside it that sees the tables as they are. */
export interface Ground {
  readonly store: Store;
  readonly sql: Client;
}

/** Starts a PostgreSQL with an empty store; both end with the stack. */
export async function withStore(ground: AsyncDisposableStack): Promise<Ground> {
  const url = await startPostgres(ground);
  const store = await openStore(url);
  ground.defer(() => store.close());
  await store.migrate();
  const sql = new Client({ connectionString: url });
  await sql.connect();
  ground.defer(() => sql.end());
  return { store, sql };
}
