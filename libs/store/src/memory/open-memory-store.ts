import { StorageError, systemClock, type Clock, type Store } from '@orrery/core';
import { NO_OTHERS } from '../no-others.ts';
import type { UsedRequests } from './create-tasks.ts';
import { MemoryAudit } from './memory-audit.ts';
import { MemoryDefinitions } from './memory-definitions.ts';
import { MemoryEvents } from './memory-events.ts';
import { MemoryFlow } from './memory-flow.ts';
import { MemorySchedules } from './memory-schedules.ts';
import { MemoryTasks } from './memory-tasks.ts';
import { MemoryWorkers } from './memory-workers.ts';
import { TaskTable } from './task-table.ts';

/** Opens a store that keeps everything in this process's memory, for tests and trials: what it holds ends with the process. */
export function openMemoryStore({ clock = systemClock }: { readonly clock?: Clock } = {}): Store {
  const events = new MemoryEvents(clock);
  const flow = new MemoryFlow(clock);
  const tasks = new TaskTable();
  const requests: UsedRequests = new Map();
  let isOpen = true;
  return {
    tasks: new MemoryTasks(tasks, requests, events, flow, clock),
    flow,
    schedules: new MemorySchedules({ tasks, requests, log: events, clock }),
    workers: new MemoryWorkers(events, clock),
    events,
    audit: new MemoryAudit(clock),
    definitions: new MemoryDefinitions(clock),
    async migrate() {
      // There is no schema.
    },
    listenForTasks: () => NO_OTHERS,
    async ping() {
      if (!isOpen) throw new StorageError('the store is closed', { transient: false });
    },
    async close() {
      isOpen = false;
    },
  };
}
