export { openMemoryStore } from './memory/open-memory-store.ts';
export { openSqliteStore } from './sqlite/open-sqlite-store.ts';
export { openPostgresStore, type PostgresStoreOptions } from './postgres/open-postgres-store.ts';
