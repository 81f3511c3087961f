import { startEphemeralPostgres, storeSuite, type EphemeralPostgres } from '@orrery/testing';
import { openPostgresStore } from './open-postgres-store.ts';

let server: EphemeralPostgres;
beforeAll(async () => {
  server = await startEphemeralPostgres();
});
afterAll(() => server.stop());

storeSuite('PostgreSQL', {
  open: async (clock) => openPostgresStore({ url: await server.createDatabase(), clock }),
});
