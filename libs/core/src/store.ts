import type { AuditStore } from './audit-store.ts';
import type { DefinitionStore } from './definition-store.ts';
import type { Subscription } from './event-bus.ts';
import type { EventLog } from './event-log.ts';
import type { FlowStore } from './flow-store.ts';
import type { ScheduleStore } from './schedule-store.ts';
import type { TaskStore } from './task-store.ts';
import type { WorkerStore } from './worker-store.ts';

/** Everything that is kept. One process opens one. */
export interface Store {
  readonly tasks: TaskStore;
  readonly flow: FlowStore;
  readonly schedules: ScheduleStore;
  readonly workers: WorkerStore;
  readonly events: EventLog;
  readonly audit: AuditStore;
  readonly definitions: DefinitionStore;

  /** Brings the schema up to date. Safe to call from several processes at once. */
  migrate(): Promise<void>;

  /**
   * Hears of queues in which others than Orrery's services have created tasks: applications on the same database, in transactions of
   * their own. These are hints, which may be lost; where nobody else can write there are none.
   */
  listenForTasks(hear: (queues: readonly QueueRef[]) => void): Subscription;

  /** Reads something trivial, to see whether the store answers. */
  ping(): Promise<void>;

  /** Closes connections; the store cannot be used afterwards. */
  close(): Promise<void>;
}

/** Names a queue. */
export interface QueueRef {
  readonly namespace: string;
  readonly queue: string;
}
