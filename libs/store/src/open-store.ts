import { type Clock, StorageError, type Store } from '@orrery/core';

/** How to open a store, whatever it is. */
export interface OpenStoreOptions {
  /** PostgreSQL: how many connections are kept at most; 10 if not set. */
  readonly poolSize?: number;
  /** Decides the time instead of the store; for tests. */
  readonly clock?: Clock;
}

/**
 * Opens the store that a URL names: "postgres://user:password@host:5432/database", "sqlite:path/to/file", "file:path/to/directory" or
 * "memory:", which is lost when the process ends. Only what that store needs is loaded.
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<Store> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { openPostgresStore } = await import('./postgres/open-postgres-store.ts');
    return openPostgresStore({ ...options, url });
  }
  const clock = options.clock ? { clock: options.clock } : {};
  if (url.startsWith('sqlite:')) {
    const { openSqliteStore } = await import('./sqlite/open-sqlite-store.ts');
    return openSqliteStore({ ...clock, path: url.slice('sqlite:'.length) });
  }
  if (url.startsWith('file:')) {
    const { openFileStore } = await import('./file/open-file-store.ts');
    return openFileStore({ ...clock, directory: url.slice('file:'.length) });
  }
  if (url === 'memory:') {
    const { openMemoryStore } = await import('./memory/open-memory-store.ts');
    return openMemoryStore(clock);
  }
  const scheme = url.split(':', 1)[0];
  const known = '"postgres://…", "sqlite:FILE", "file:DIRECTORY" or "memory:"';
  throw new StorageError(`a database URL begins with ${known}, not "${scheme}:"`, { transient: false });
}
