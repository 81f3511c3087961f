import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from './open-store.ts';

describe('openStore', () => {
  it('opens a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orrery-open-'));
    const store = await openStore(`sqlite:${join(folder, 'a.db')}`);
    await store.migrate();
    await store.ping();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('opens memory', async () => {
    const store = await openStore('memory:');
    await store.ping();
    await store.close();
  });

  it('says which URLs it knows, without repeating a password', async () => {
    const opening = openStore('mysql://user:secret@host/db');
    await expect(opening).rejects.toThrow(
      /begins with "postgres:\/\/…", "sqlite:FILE", "file:DIRECTORY" or "memory:", not "mysql:"/,
    );
  });

  it('says that PostgreSQL cannot be reached', async () => {
    await expect(openStore('postgres://user:secret@127.0.0.1:1/db')).rejects.toThrow(/127\.0\.0\.1/);
    await expect(openStore('postgres://user:secret@127.0.0.1:1/db')).rejects.not.toThrow(/secret/);
  });
});
