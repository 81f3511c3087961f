import { newTask, requestIdReused, taskAlreadyExists } from '@orrery/core';
import type { CreateOutcome, CreateTasks, NewTask, TaskEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { outcomesOf } from '../dedup-holds.ts';
import type { DedupKeys } from './dedup-keys.ts';
import type { TaskTable } from './task-table.ts';
import { type QuotaUses, takeRoom } from './use-quota.ts';

/** A request id that was used, and what for. */
export interface UsedRequest {
  readonly bodyHash: Uint8Array;
  readonly taskIds: readonly string[];
  readonly usedAt: Date;
}

/** The request ids that were used, by namespace and id. */
export type UsedRequests = Map<string, UsedRequest>;

/** Adds new tasks to the table, or none: throws a `Refusal` for a used request id, a taken id or want of room before anything changed. */
export function createTasks(
  table: TaskTable,
  requests: UsedRequests,
  keys: DedupKeys,
  uses: QuotaUses,
  creation: CreateTasks,
  now: Date,
): { readonly outcomes: readonly CreateOutcome[]; readonly events: readonly TaskEvent[] } {
  const { namespace, tasks, request } = creation;
  const requestKey = `${namespace}\0${request?.id}`;
  const used = request && requests.get(requestKey);
  if (used) {
    if (Buffer.compare(used.bodyHash, request.bodyHash) !== 0) throw requestIdReused(request.id);
    return { outcomes: used.taskIds.map((id) => ({ id, deduplicated: true })), events: [] };
  }
  const outcomes = outcomesOf(tasks, keys.held(namespace, tasks, now));
  const fresh = tasks.filter((_, i) => !outcomes[i]?.deduplicated);
  refuseTakenIds(table, namespace, fresh);
  takeRoom(table, uses, creation, fresh.length, now);
  const events: TaskEvent[] = [];
  for (const given of fresh) {
    const { spec, due } = given;
    keys.take(namespace, given, now);
    const { task, event } = newTask({ ...spec, namespace }, runAtOf(due, now), now);
    table.keep(task, now);
    events.push(event);
  }
  const taskIds = outcomes.map(({ id }) => id);
  if (request) requests.set(requestKey, { bodyHash: request.bodyHash, taskIds, usedAt: now });
  return { outcomes, events };
}

/** When a new task may run. */
export function runAtOf(due: NewTask['due'], now: Date): Date {
  if (due === null) return now;
  return due instanceof Duration ? due.addTo(now) : due;
}

function refuseTakenIds(table: TaskTable, namespace: string, tasks: readonly NewTask[]): void {
  const ids = new Set<string>();
  for (const { spec } of tasks) {
    if (ids.has(spec.id) || table.get({ namespace, id: spec.id })) throw taskAlreadyExists(namespace, spec.id);
    ids.add(spec.id);
  }
}
