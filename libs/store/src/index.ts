export { openMemoryStore } from './memory/open-memory-store.ts';
export { openStore, type OpenStoreOptions } from './open-store.ts';
