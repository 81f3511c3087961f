import { modelSuite, storeSuite } from '@orrery/store-conformance';
import { type EphemeralPostgres, startEphemeralPostgres } from '@orrery/testing';
import { openPostgresStore } from './open-postgres-store.ts';

let server: EphemeralPostgres;
beforeAll(async () => {
  server = await startEphemeralPostgres();
});
afterAll(() => server.stop());

storeSuite('PostgreSQL', {
  open: async (clock) => openPostgresStore({ url: await server.createDatabase(), clock }),
});

// Fewer than the suite does by default: each step is a round trip.
modelSuite(
  'PostgreSQL',
  { open: async (clock) => openPostgresStore({ url: await server.createDatabase(), clock }) },
  { sequences: 150 },
);
