export { openMemoryStore } from './memory/open-memory-store.ts';
