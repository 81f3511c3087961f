export { openMemoryStore } from './memory/open-memory-store.ts';
export { openSqliteStore } from './sqlite/open-sqlite-store.ts';
