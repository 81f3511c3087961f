import { StorageError } from '@orrery/core';
import { startEphemeralPostgres } from '@orrery/testing';
import { whyUntrustworthy } from './connect.ts';
import { openPostgresStore } from './open-postgres-store.ts';

test.each([
  [{ version: 140_000, fsync: 'on', replica: false }, null],
  [{ version: 130_014, fsync: 'on', replica: false }, /13 is too old.*14/],
  [{ version: 180_000, fsync: 'on', replica: true }, /replica/],
  [{ version: 180_000, fsync: 'off', replica: false }, /fsync/],
])('a server that is %j: %s', (facts, problem) => {
  if (problem === null) expect(whyUntrustworthy(facts)).toBeNull();
  else expect(whyUntrustworthy(facts)).toMatch(problem);
});

test('a server with fsync off is refused for good', async () => {
  const server = await startEphemeralPostgres({ fsync: 'off' });
  try {
    const refused = openPostgresStore({ url: server.url });
    await expect(refused).rejects.toThrow(/fsync=off/);
    await expect(refused).rejects.toMatchObject({ name: 'StorageError', transient: false });
  } finally {
    await server.stop();
  }
});

test('a server that goes away, or is not there, is worth another try', async () => {
  const server = await startEphemeralPostgres();
  const store = await openPostgresStore({ url: server.url });
  await store.ping();
  await server.stop();
  await expect(store.ping()).rejects.toMatchObject({ name: 'StorageError', transient: true });
  await expect(store.tasks.cancelTask({ namespace: 'default', id: 'x' })).rejects.toBeInstanceOf(StorageError);
  await store.close();
  await expect(openPostgresStore({ url: server.url })).rejects.toMatchObject({ transient: true });
});

test('a statement that the database refuses is a bug, not worth another try', async () => {
  const server = await startEphemeralPostgres();
  try {
    const store = await openPostgresStore({ url: server.url });
    // Nobody has migrated: there are no tables.
    await expect(store.events.read(0n, 1)).rejects.toMatchObject({ name: 'StorageError', transient: false });
    await store.close();
  } finally {
    await server.stop();
  }
});
