import { StorageError, systemClock, type Clock, type Store } from '@orrery/core';
import { MemoryOutbox } from './memory-outbox.ts';
import { MemoryTasks } from './memory-tasks.ts';
import { MemoryWorkers } from './memory-workers.ts';

/** Opens a store that keeps everything in this process's memory, for tests and trials: what it holds ends with the process. */
export function openMemoryStore({ clock = systemClock }: { readonly clock?: Clock } = {}): Store {
  const outbox = new MemoryOutbox();
  let isOpen = true;
  return {
    tasks: new MemoryTasks(outbox, clock),
    workers: new MemoryWorkers(clock),
    outbox,
    async migrate() {
      // There is no schema.
    },
    async ping() {
      if (!isOpen) throw new StorageError('the store is closed', { transient: false });
    },
    async close() {
      isOpen = false;
    },
  };
}
