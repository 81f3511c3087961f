import {
  claimOrder,
  compareIds,
  isTerminal,
  keptUntil,
  startBy,
  type FlowPlace,
  type Task,
  type TaskKey,
} from '@orrery/core';
import { SortedList } from './sorted-list.ts';

/** A task, and what the store keeps beside it. */
export interface Row {
  readonly task: Task;
  /** PENDING and found to be due: only then it may be claimed. */
  readonly ready: boolean;
}

/** Ready rows in the two orders in which they are claimed. */
export interface ReadyRows {
  readonly byAge: SortedList<Row>;
  readonly byPriority: SortedList<Row>;
}

/** The ready rows of one queue without a key, or those of one key and type. */
export interface ReadyGroup {
  /** What all its tasks have in common; null: they have no key, and may be of any type. */
  readonly alike: FlowPlace | null;
  readonly rows: ReadyRows;
}

const byId = (a: Row, b: Row) => compareIds(a.task.id, b.task.id);
const byKey = (a: Row, b: Row) => compareIds(a.task.namespace, b.task.namespace) || byId(a, b);
const fifo = claimOrder('FIFO');
const priority = claimOrder('PRIORITY');

/** All rows, and the orders in which they are looked for. */
export class TaskTable {
  readonly #rows = new Map<string, Row>();
  /** By queue, then by key and type. */
  readonly #ready = new Map<string, Map<string, ReadyGroup>>();
  readonly #byNamespace = new Map<string, SortedList<Row>>();
  /** PENDING, not ready: the earliest due first. */
  readonly waiting = new SortedList<Row>((a, b) => millis(a.task.runAt) - millis(b.task.runAt) || byKey(a, b));
  /** PENDING with a queue timeout: the earliest to pass first. */
  readonly expiring = new SortedList<Row>((a, b) => millis(startBy(a.task)) - millis(startBy(b.task)) || byKey(a, b));
  /** RUNNING: the earliest to expire first. */
  readonly running = new SortedList<Row>(
    (a, b) => millis(a.task.leaseExpiresAt) - millis(b.task.leaseExpiresAt) || byKey(a, b),
  );
  /** Ended, with a retention of their own: the earliest to go first. */
  readonly retained = new SortedList<Row>(
    (a, b) => millis(keptUntil(a.task)) - millis(keptUntil(b.task)) || byKey(a, b),
  );
  /** Ended, all others: the earliest to end first. */
  readonly ended = new SortedList<Row>((a, b) => millis(a.task.finishedAt) - millis(b.task.finishedAt) || byKey(a, b));

  /** The row of a task. */
  get({ namespace, id }: TaskKey): Row | undefined {
    return this.#rows.get(keyOf(namespace, id));
  }

  /** Adds a row, or replaces its task's old one. */
  put(row: Row): void {
    this.delete(row.task);
    this.#rows.set(keyOf(row.task.namespace, row.task.id), row);
    for (const order of this.#ordersOf(row)) order.add(row);
  }

  /** Adds a task as it now is, or replaces it; a PENDING one is ready at once if its time has come. */
  keep(task: Task, now: Date): void {
    this.put({ task, ready: task.status === 'PENDING' && task.runAt <= now });
  }

  /** Removes the row of a task, if there is one. */
  delete(key: TaskKey): void {
    const row = this.get(key);
    if (!row) return;
    this.#rows.delete(keyOf(key.namespace, key.id));
    for (const order of this.#ordersOf(row)) order.remove(row);
    if (row.ready) this.#forgetEmptyGroup(row.task);
  }

  /** The groups of ready rows of a queue that have any. */
  readyGroups(namespace: string, queue: string): readonly ReadyGroup[] {
    return [...(this.#ready.get(keyOf(namespace, queue))?.values() ?? [])];
  }

  /** Every row of a namespace, by id. */
  inNamespace(namespace: string): SortedList<Row> {
    return getOrAdd(this.#byNamespace, namespace, () => new SortedList<Row>(byId));
  }

  /** Every row of a task that has not ended. */
  *live(): Generator<Row> {
    yield* this.waiting;
    yield* this.running;
    for (const groups of this.#ready.values()) for (const { rows } of groups.values()) yield* rows.byAge;
  }

  #readyRows(task: Task): ReadyRows {
    const { namespace, queue, type, flowKey } = task;
    const groups = getOrAdd(this.#ready, keyOf(namespace, queue), () => new Map<string, ReadyGroup>());
    return getOrAdd(groups, groupOf(task), () => ({
      alike: flowKey === '' ? null : { queue, type, flowKey },
      rows: {
        byAge: new SortedList<Row>((a, b) => fifo(a.task, b.task)),
        byPriority: new SortedList<Row>((a, b) => priority(a.task, b.task)),
      },
    })).rows;
  }

  #forgetEmptyGroup(task: Task): void {
    const queue = keyOf(task.namespace, task.queue);
    const groups = this.#ready.get(queue);
    if (groups?.get(groupOf(task))?.rows.byAge.size !== 0) return;
    groups.delete(groupOf(task));
    if (groups.size === 0) this.#ready.delete(queue);
  }

  #ordersOf(row: Row): readonly SortedList<Row>[] {
    const { namespace, status } = row.task;
    const all = this.inNamespace(namespace);
    if (isTerminal(status)) return [all, row.task.retention ? this.retained : this.ended];
    if (status === 'RUNNING') return [all, this.running];
    const pending = row.task.queueTimeout ? [all, this.expiring] : [all];
    if (!row.ready) return [...pending, this.waiting];
    const ready = this.#readyRows(row.task);
    return [...pending, ready.byAge, ready.byPriority];
  }
}

// Neither namespaces nor ids have a NUL, so that no two pairs make the same key.
function keyOf(namespace: string, id: string): string {
  return `${namespace}\0${id}`;
}

function groupOf({ flowKey, type }: Task): string {
  return flowKey === '' ? '' : keyOf(flowKey, type);
}

function millis(instant: Date | null): number {
  return instant?.getTime() ?? 0;
}

function getOrAdd<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
