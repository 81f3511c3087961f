import {
  cancelTask,
  compareIds,
  EXPONENTIAL,
  FIXED,
  matchesTypes,
  NO_RETRY,
  rescheduleTask,
  TASK_STATUSES,
  type DedupWindow,
  type ListTasks,
  type NewTask,
  type RetryPolicy,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { Lane } from './lane.ts';

const POLICIES: readonly RetryPolicy[] = [
  EXPONENTIAL,
  FIXED,
  NO_RETRY,
  { ...FIXED, maxAttempts: 2, initialDelay: Duration.ZERO, predicate: { on: 'ANY_ERROR' } },
  { ...EXPONENTIAL, maxAttempts: 4, predicate: { on: 'ERROR_TYPE', types: ['timeout'] } },
];

/** Creates up to three tasks, sometimes under an id or a request id that was used before. */
export async function create(lane: Lane): Promise<void> {
  const { random, namespace } = lane;
  const tasks = Array.from({ length: random.between(1, 3) }, () => newTask(lane));
  const request = random.chance(0.3)
    ? { id: `request-${random.between(1, 3)}`, bodyHash: Uint8Array.of(random.between(1, 2), 0, 255) }
    : null;
  lane.note('create', { tasks, request });
  const call = { namespace, tasks, request };
  await lane.compare(lane.store.tasks.createTasks(call), () => lane.model.create(call, lane.clock.now()));
}

function newTask(lane: Lane): NewTask {
  const { random, namespace, clock, ids } = lane;
  const isTaken = random.chance(0.05);
  const dedup = random.chance(0.25) ? dedupOf(random) : null;
  const delay = Duration.ofMillis(random.between(-1000, 6000));
  return {
    spec: {
      namespace,
      id: isTaken ? random.pick(ids) : `${random.pick(['m', 'B', 'a', '_'])}${lane.nextNumber()}`,
      queue: random.pick(['a', 'b']),
      type: random.pick(['x.one', 'x.two', 'y']),
      params: { data: Uint8Array.of(random.between(0, 255)), contentType: 'application/json' },
      priority: random.between(-1, 1),
      flowKey: random.pick(['', '', 'k1', 'k2', 'K3']),
      retryPolicy: random.pick(POLICIES),
      runTimeout: random.chance(0.2) ? Duration.ofMillis(random.between(1, 5000)) : null,
      queueTimeout: random.chance(0.2) ? Duration.ofMillis(random.between(1, 8000)) : null,
      heartbeatTimeout: random.chance(0.2) ? Duration.ofMillis(random.between(1, 3000)) : null,
      dedupKey: dedup?.key ?? '',
      typeVersion: random.pick([0, 0, 1]),
      labels: random.chance(0.3) ? { color: random.pick(['red', 'blue']) } : {},
      correlationId: random.pick(['', 'c1', 'c2']),
      traceparent: '',
      parentTaskId: '',
    },
    due: random.chance(0.6) ? null : random.chance(0.5) ? delay : delay.addTo(clock.now()),
    idIsCallers: isTaken || random.chance(0.3),
    ...(dedup && { dedupWindow: dedup.window }),
  };
}

function dedupOf(random: Lane['random']): { readonly key: string; readonly window: DedupWindow } {
  const seconds = Duration.ofSeconds(random.between(1, 8));
  return {
    key: random.pick(['k1', 'k2', 'k3']),
    window: random.pick(['WHILE_ACTIVE', 'WHILE_ACTIVE', 'FOREVER', seconds]),
  };
}

/** Cancels a task. */
export async function cancel(lane: Lane): Promise<void> {
  const id = lane.random.pick(lane.ids);
  const now = lane.clock.now();
  lane.note('cancel', id);
  await lane.compare(lane.store.tasks.cancelTask({ namespace: lane.namespace, id }), () =>
    lane.model.change(id, (task) => cancelTask(task, now), now),
  );
}

/** Redrives a task. */
export async function redrive(lane: Lane): Promise<void> {
  const id = lane.random.pick(lane.ids);
  const now = lane.clock.now();
  lane.note('redrive', id);
  await lane.compare(lane.store.tasks.redriveTask({ namespace: lane.namespace, id }), () =>
    lane.model.change(id, (task) => lane.model.redrive(task, now), now),
  );
}

/** Reschedules a task. */
export async function reschedule(lane: Lane): Promise<void> {
  const id = lane.random.pick(lane.ids);
  const now = lane.clock.now();
  const runAt = Duration.ofMillis(lane.random.between(-1000, 5000)).addTo(now);
  lane.note('reschedule', { id, runAt });
  await lane.compare(lane.store.tasks.rescheduleTask({ namespace: lane.namespace, id }, runAt), () =>
    lane.model.change(id, (task) => rescheduleTask(task, runAt, now), now),
  );
}

/** Lists tasks by a few filters. */
export async function list(lane: Lane): Promise<void> {
  const { random, namespace, ids } = lane;
  const maybe = <K extends keyof ListTasks>(key: K, value: () => ListTasks[K]) =>
    random.chance(0.25) ? { [key]: value() } : {};
  const query: ListTasks = {
    namespace,
    limit: random.between(1, 6),
    ...maybe('statuses', () => random.some(TASK_STATUSES, 3)),
    ...maybe('queues', () => random.some(['a', 'b'], 2)),
    ...maybe('types', () => random.some(['x.*', 'y'], 2)),
    ...maybe('labels', () => ({ color: random.pick(['red', 'blue']) })),
    ...maybe('correlationId', () => random.pick(['c1', 'c2'])),
    ...maybe('afterId', () => random.pick(ids)),
  };
  lane.note('list', query);
  await lane.compare(lane.store.tasks.listTasks(query), () =>
    [...lane.model.tasks.values()]
      .filter((task) => query.statuses?.includes(task.status) ?? true)
      .filter((task) => query.queues?.includes(task.queue) ?? true)
      .filter((task) => matchesTypes(query.types ?? [], task.type))
      .filter((task) => query.labels === undefined || task.labels['color'] === query.labels['color'])
      .filter((task) => query.correlationId === undefined || task.correlationId === query.correlationId)
      .filter((task) => query.afterId === undefined || compareIds(task.id, query.afterId) < 0)
      .sort((a, b) => compareIds(b.id, a.id))
      .slice(0, query.limit),
  );
}

/** Asks for the leases of a worker, or the cancel requests. */
export async function look(lane: Lane): Promise<void> {
  const { random, namespace, model } = lane;
  const running = [...model.tasks.values()].filter(({ status }) => status === 'RUNNING');
  const byId = (a: { id: string }, b: { id: string }) => compareIds(a.id, b.id);
  const workerId = random.pick(['ann', 'bob']);
  const some = Duration.ofMillis(-random.between(0, 3000)).addTo(lane.clock.now());
  const heldSince = running.length > 0 && random.chance(0.5) ? random.pick(running).updatedAt : some;
  lane.note('look', { workerId, heldSince });
  const held = await lane.store.tasks.listWorkerLeases({ namespace, workerId, heldSince });
  const expected = running.filter((task) => task.workerId === workerId && task.updatedAt <= heldSince);
  lane.mustEqual("the worker's leases", [...held].sort(byId), expected.sort(byId));
  const keys = lane.ids.map((id) => ({ namespace, id }));
  const asked = await lane.store.tasks.listCancelRequests(keys);
  const cancelling = running.filter(({ cancelRequestedAt }) => cancelRequestedAt !== null);
  lane.mustEqual('the cancel requests', [...asked].sort(byId), cancelling.sort(byId));
}
