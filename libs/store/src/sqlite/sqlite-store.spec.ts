import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelSuite, storeSuite } from '@orrery/store-conformance';
import { openSqliteStore } from './open-sqlite-store.ts';

const directory = await mkdtemp(join(tmpdir(), 'orrery-sqlite-'));

afterAll(() => rm(directory, { recursive: true }));

storeSuite('a SQLite file', {
  open: (clock) => openSqliteStore({ path: join(directory, 'suite', 'tasks.db'), clock }),
});

modelSuite(
  'a SQLite file',
  { open: (clock) => openSqliteStore({ path: join(directory, 'model', 'tasks.db'), clock }) },
  { sequences: 300 },
);
