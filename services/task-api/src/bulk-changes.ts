import type { taskv1 } from '@orrery/contracts';
import { illegalTransition, isTerminal, Refusal, taskNotFound, TASK_STATUSES } from '@orrery/core';
import type { TaskBatch, TaskKey, TaskStatus, TaskStore } from '@orrery/core';
import { makePageToken } from '@orrery/service';
import type { SchedulerPort } from './scheduler-port.ts';
import { parseSelection } from './task-selection.ts';

/** How many tasks one transaction changes: enough that a commit costs little for each, few enough that nobody waits long for a row. */
const CHANGE_BATCH = 1_000;

/** How many ids one statement of a dry run counts. */
const COUNT_BATCH = 10_000;

/** What bulk changes need. */
export interface BulkDeps {
  readonly store: TaskStore;
  readonly scheduler: SchedulerPort;
  /** Aborted when the process drains. */
  readonly draining: AbortSignal;
}

/** A bulk operation: the statuses of tasks it can change, and how it changes some; answers how many were. */
export interface BulkOperation {
  readonly name: string;
  readonly statuses: readonly TaskStatus[];
  readonly change: (deps: BulkDeps, batch: TaskBatch) => Promise<number>;
}

/** Redrives dead letters. */
export const RETRY: BulkOperation = {
  name: 'retry',
  statuses: ['FAILED'],
  change: async ({ scheduler }, { namespace, ids }) => (await scheduler.retryTasks(namespace, ids)).length,
};

/** Cancels what waits, and asks what runs to stop. */
export const CANCEL: BulkOperation = {
  name: 'cancel',
  statuses: ['PENDING', 'RUNNING'],
  change: async ({ store, scheduler }, batch) => {
    const changed = await store.cancelTasks(batch);
    const running = changed.filter(({ status }) => status === 'RUNNING');
    if (changed.length > 0) scheduler.wake({ cancels: running.map(({ id }) => ({ namespace: batch.namespace, id })) });
    return changed.length;
  },
};

/** Deletes what has ended; by force, anything. */
export function deletion(force: boolean): BulkOperation {
  return {
    name: force ? 'delete!' : 'delete',
    statuses: force ? TASK_STATUSES : TASK_STATUSES.filter(isTerminal),
    change: async ({ store, scheduler }, batch) => {
      const changed = await store.deleteTasks(batch);
      // The scheduler hears of running ones, so that their workers do not go on until they extend the lease.
      const running = changed.filter(({ status }) => status === 'RUNNING');
      if (changed.length > 0)
        scheduler.wake({ cancels: running.map(({ id }) => ({ namespace: batch.namespace, id })) });
      return changed.length;
    },
  };
}

/** Does a bulk operation batch by batch, and tells after each how far it is; stops when the caller has gone. */
export async function* bulkChange(
  deps: BulkDeps,
  operation: BulkOperation,
  request: { readonly namespace: string; readonly selection?: taskv1.TaskSelection | undefined },
  gone: AbortSignal,
): AsyncGenerator<{ progress: taskv1.BulkProgress }> {
  const { query, dryRun, maxTasks, boundTo } = parseSelection(request, operation.name, operation.statuses);
  const { namespace, statuses } = query;
  let { afterId } = query;
  let matched = 0;
  let changed = 0;
  for (let done = false; !done && !gone.aborted;) {
    // What was done so far was told: whoever asks goes on elsewhere.
    if (deps.draining.aborted) throw new Refusal('SHUTTING_DOWN', 'this task-api is shutting down; go on with another');
    const limit = Math.min(dryRun ? COUNT_BATCH : CHANGE_BATCH, maxTasks - matched);
    const ids = await deps.store.listTaskIds({ ...query, ...(afterId !== undefined && { afterId }), limit });
    if (ids.length > 0 && !dryRun) changed += await operation.change(deps, { namespace, ids, statuses });
    matched += ids.length;
    afterId = ids.at(-1) ?? afterId;
    const isLast = ids.length < limit;
    done = isLast || matched >= maxTasks;
    const resumeToken = isLast || afterId === undefined ? '' : makePageToken(afterId, boundTo);
    yield { progress: { matchedCount: BigInt(matched), changedCount: BigInt(changed), done, resumeToken } };
  }
}

/** How often to try again to delete a task that changes at the same moment. */
const TRIES = 3;

/** Deletes one task; refuses an unknown one, and one that has not ended unless it is by force. */
export async function deleteTask(deps: BulkDeps, key: TaskKey, force: boolean): Promise<void> {
  const { statuses, change } = deletion(force);
  for (let tries = TRIES; ; tries -= 1) {
    if ((await change(deps, { namespace: key.namespace, ids: [key.id], statuses })) > 0) return;
    const [task] = await deps.store.getTasks([key]);
    if (!task) throw taskNotFound(key.namespace, key.id);
    if (tries === 0 || !statuses.includes(task.status)) throw illegalTransition(task.id, task.status, 'DELETED');
  }
}
