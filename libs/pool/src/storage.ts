import type { Store } from '@orrery/core';
import { openStore } from '@orrery/store';

/**
 * Opens a storage for a queue of one's own: "sqlite:FILE", "postgres://…" or "memory:". Whoever opens it closes it. Throws a
 * StorageError if it cannot be had.
 */
export async function openStorage(url: string): Promise<Store> {
  const store = await openStore(url);
  await store.migrate();
  return store;
}

const PARTS = ['tasks', 'workers', 'events', 'audit'];
const METHODS = ['migrate', 'ping', 'close'];

/** Whether a value is a storage, whoever made it. */
export function isStorage(value: unknown): value is Store {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string) => typeof Reflect.get(value, name) === type;
  return PARTS.every((name) => has(name, 'object')) && METHODS.every((name) => has(name, 'function'));
}
