import type { Duration } from '@orrery/duration';
import type { TaskErrorData } from '@orrery/task-error';
import type { ClaimStrategy } from './claim-order.ts';
import type { CreationQuota } from './creation-quota.ts';
import type { DedupWindow } from './dedup.ts';
import type { Payload } from './payload.ts';
import type { Refusal } from './refusal.ts';
import type { RetryDecision } from './retry-policy.ts';
import type { Labels, LeaseRef, Task, TaskKey, TaskProgress, TaskSpec, TaskStatus } from './task.ts';

/**
 * Where tasks are kept: the truth. Every method that changes something is one transaction, writes its events into the outbox in
 * that transaction, and takes sets rather than single items. Whether something is due or expired is decided by the store's own
 * clock. Methods throw `StorageError` if the store cannot be reached; they may then have had their effect or not.
 */
export interface TaskStore {
  /** Whether calls made in one turn of the event loop share a transaction, in their order: a claim then gets what was created before it. */
  readonly sharesTransactions: boolean;

  /** Stores new tasks: all, or none if one is refused. A repeated request id returns what its first use created. */
  createTasks(request: CreateTasks): Promise<readonly CreateOutcome[]>;

  /**
   * Gives ready tasks to workers, one for each slot at most: task i of the answer has slot i. They come in the strategy's order, keys
   * taking turns as in `takeTurns`, within the limits of the namespace.
   */
  claimTasks(claim: ClaimTasks): Promise<readonly Task[]>;

  /** Makes PENDING tasks ready whose time has come, oldest due first, and says which queues have new work. */
  promoteDueTasks(limit: number): Promise<Promotion>;

  /** Ends attempts as succeeded. Answers in order; a repeated completion whose first time was accepted is accepted again. */
  completeTasks(namespace: string, completions: readonly Completion[]): Promise<readonly LeaseOutcome[]>;

  /** Ends attempts as failed, with what was decided for each. Answers in order. */
  failTasks(namespace: string, failures: readonly DecidedFailure[]): Promise<readonly LeaseOutcome[]>;

  /** Hands attempts back. Answers in order. */
  releaseTasks(namespace: string, leases: readonly LeaseRef[]): Promise<readonly LeaseOutcome[]>;

  /** Extends leases from now. Answers in order. */
  extendLeases(namespace: string, leases: readonly LeaseRef[], duration: Duration): Promise<readonly ExtendOutcome[]>;

  /** Takes what handlers say of themselves, and extends their leases from now. Answers in order. */
  reportProgress(
    namespace: string,
    reports: readonly ProgressReport[],
    duration: Duration,
  ): Promise<readonly ExtendOutcome[]>;

  /** Ends PENDING tasks as FAILED that were not started within their queue timeout, longest ago first, at most `limit`. */
  expireTasks(limit: number): Promise<readonly Task[]>;

  /** RUNNING tasks whose lease has run out, longest ago first. */
  listExpiredLeases(limit: number): Promise<readonly Task[]>;

  /** RUNNING tasks that a worker holds and whose lease it took or extended (`updatedAt`) no later than `heldSince`. */
  listWorkerLeases(worker: { namespace: string; workerId: string; heldSince: Date }): Promise<readonly Task[]>;

  /** RUNNING tasks among these that were asked to be cancelled. */
  listCancelRequests(keys: readonly TaskKey[]): Promise<readonly Task[]>;

  /** Cancels a PENDING task, notes the request on a RUNNING one. Throws a `Refusal` for unknown or otherwise ended tasks. */
  cancelTask(key: TaskKey): Promise<Task>;

  /** Sets a FAILED task PENDING again. Throws a `Refusal` where that is not legal, or where another task has its dedup key. */
  redriveTask(key: TaskKey): Promise<Task>;

  /** Sets the time of a PENDING task. Throws a `Refusal` where that is not legal. */
  rescheduleTask(key: TaskKey, runAt: Date): Promise<Task>;

  /** Cancels many tasks as `cancelTask` does each; those that it would change nothing about, or refuse, are left alone and out of the answer. */
  cancelTasks(batch: TaskBatch): Promise<readonly ChangedTask[]>;

  /** Redrives many tasks as `redriveTask` does each; those that it would change nothing about, or refuse, are left alone. */
  redriveTasks(batch: TaskBatch): Promise<readonly ChangedTask[]>;

  /** Deletes tasks, and tells of it; says what they were. Whatever a worker says about one that was running is then refused. */
  deleteTasks(batch: TaskBatch): Promise<readonly ChangedTask[]>;

  /** The tasks among these keys that exist, in no particular order; `ended`: only those that have ended. */
  getTasks(keys: readonly TaskKey[], which?: 'all' | 'ended'): Promise<readonly Task[]>;

  /** A page of tasks by id, descending. */
  listTasks(query: ListTasks): Promise<readonly Task[]>;

  /** The ids of what `listTasks` would list, without reading the tasks. */
  listTaskIds(query: ListTasks): Promise<readonly string[]>;

  /**
   * Deletes ended tasks that ended before a time, oldest first, at most `limit`; of any status, or of these. Those with a retention of their
   * own are left alone. Returns how many.
   */
  purgeTasks(endedBefore: Date, limit: number, statuses?: readonly TaskStatus[]): Promise<number>;

  /** Deletes ended tasks that have been kept for as long as they say themselves, longest ago first, at most `limit`; returns how many. */
  purgeRetainedTasks(limit: number): Promise<number>;

  /** Forgets request ids first used before a time. */
  purgeRequests(usedBefore: Date): Promise<number>;

  /** Forgets dedup keys that nobody holds any more, at most `limit`; returns how many. */
  purgeDedupKeys(limit: number): Promise<number>;

  /**
   * How many live tasks each queue has, or each type in it; those without any are left out. Looks at every live task: not for the hot
   * path.
   */
  stats(options?: { readonly byType: boolean }): Promise<readonly QueueStats[]>;
}

/** New tasks of one namespace. */
export interface CreateTasks {
  readonly namespace: string;
  readonly tasks: readonly NewTask[];
  /** Makes the call idempotent; null: it is not. */
  readonly request: { readonly id: string; readonly bodyHash: Uint8Array } | null;
  /** What the namespace has to have room for; duplicates need none. QUOTA_EXCEEDED refuses all. Default: there is always room. */
  readonly quota?: CreationQuota;
}

/** A task to create. */
export interface NewTask {
  readonly spec: TaskSpec;
  /** When it may run: at a time, after a delay by the store's clock, or at once (null). */
  readonly due: Date | Duration | null;
  /** Whether the caller chose the id: then the store checks that no task, ended ones included, has it. */
  readonly idIsCallers: boolean;
  /** With a dedup key: for how long the task holds it. If another task does, that one is the outcome. */
  readonly dedupWindow?: DedupWindow;
}

/** What came of one new task. Never a refusal: those refuse the whole call. */
export interface CreateOutcome {
  readonly id: string;
  /** True if it was there already: created under the same request id, or holding the same dedup key. */
  readonly deduplicated: boolean;
}

/** Who may claim what. */
export interface ClaimTasks {
  readonly namespace: string;
  readonly queues: readonly string[];
  /** Empty: every type. A name that ends in ".*" stands for every type below it. */
  readonly types: readonly string[];
  readonly strategy: ClaimStrategy;
  /** One worker id for each task that may be claimed; tasks are given out in this order. */
  readonly slots: readonly string[];
  /** How long each slot's lease is good for. */
  readonly leaseDuration: Duration;
  /** Keys take turns from the one after this; default: from the first. A hint, so that no key is always the last. */
  readonly afterKey?: string;
  /** Only tasks that were created at least this long ago; default: all. */
  readonly minAge?: Duration;
}

/** What promoting due tasks did. */
export interface Promotion {
  readonly count: number;
  readonly queues: readonly { readonly namespace: string; readonly queue: string }[];
  /** When the next task is due; null: none is waiting for its time. By the store's clock, from now. */
  readonly nextDueIn: Duration | null;
}

/** An attempt that succeeded. */
export interface Completion {
  readonly lease: LeaseRef;
  readonly result: Payload | null;
}

/** An attempt that failed, and what is to follow. */
export interface DecidedFailure {
  readonly lease: LeaseRef;
  readonly error: TaskErrorData;
  readonly decision: RetryDecision;
  /** Set when the lease is taken back rather than reported: only if it still expires then, i.e. was not extended meanwhile. */
  readonly ifExpiresAt: Date | null;
}

/** What came of saying something about a lease: the task's status now, or why it was refused. */
export type LeaseOutcome =
  | { readonly taskId: string; readonly status: TaskStatus; readonly refusal: null }
  | { readonly taskId: string; readonly status: null; readonly refusal: Refusal };

/** What a handler says of itself. */
export interface ProgressReport {
  readonly lease: LeaseRef;
  /** Null: only that it is alive. */
  readonly progress: TaskProgress | null;
}

/** What came of extending a lease. */
export type ExtendOutcome =
  | {
      readonly taskId: string;
      /** Not beyond the attempt's deadline. */
      readonly expiresAt: Date;
      /** True: the deadline has passed, and the attempt may be ended. */
      readonly isOver: boolean;
      readonly cancelRequested: boolean;
      readonly refusal: null;
    }
  | { readonly taskId: string; readonly expiresAt: null; readonly refusal: Refusal };

/** Which tasks to list; all fields that are set must match. */
export interface ListTasks {
  readonly namespace: string;
  readonly statuses?: readonly TaskStatus[];
  readonly queues?: readonly string[];
  readonly types?: readonly string[];
  readonly labels?: Labels;
  readonly correlationId?: string;
  readonly parentTaskId?: string;
  readonly createdFrom?: Date;
  readonly createdBefore?: Date;
  /** Only ids before this one in the order of the list. */
  readonly afterId?: string;
  readonly limit: number;
}

/** Tasks of one namespace that are to be changed alike: those among `ids` that are in one of `statuses` when it is done. */
export interface TaskBatch {
  readonly namespace: string;
  readonly ids: readonly string[];
  readonly statuses: readonly TaskStatus[];
}

/** A task that was changed as one of many, and its status since; of a deleted one the status it had. */
export interface ChangedTask {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly status: TaskStatus;
}

/** The live tasks of one queue, or of one type in it, as they are at one moment. */
export interface QueueStats {
  readonly namespace: string;
  readonly queue: string;
  /** Only where types are counted apart. */
  readonly type?: string;
  /** PENDING and due. */
  readonly ready: number;
  /** PENDING and not due yet. */
  readonly scheduled: number;
  readonly running: number;
  /** How long ago the ready task was due that has been due longest; null: none is ready. */
  readonly oldestReadyFor: Duration | null;
}
