import { startEphemeralPostgres } from '@orrery/testing';
import { badInputSuite } from './bad-input/bad-input-suite.ts';
import { postgresBooks } from './bad-input/books.ts';
import { startServer } from './bad-input/server-under-test.ts';

/** What is refused before the store is asked is the same; what gets there is tried with all rows, and a share of what is generated. */
const GENERATED = 0.1;

describe('bad input to a server on PostgreSQL', () => {
  badInputSuite(
    async () => {
      const postgres = await startEphemeralPostgres();
      const url = await postgres.createDatabase();
      return startServer(
        { ORRERY_DATABASE_URL: url },
        () => postgresBooks(url),
        () => postgres.stop(),
      );
    },
    { generated: GENERATED },
  );
});
