import {
  durationToProto,
  workerProfileFromProto,
  workerProgressFromProto,
  workerStateFromProto,
  workerToProto,
  workerv1,
} from '@orrery/contracts';
import {
  type Clock,
  invalidFields,
  Refusal,
  type Worker,
  workerHealth,
  type WorkerKey,
  type WorkerStore,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { bind, Checks, makePageToken, readPageToken, type ServiceBinding } from '@orrery/service';

/** How often a worker is asked to send a heartbeat. */
const HEARTBEAT_INTERVAL = Duration.ofSeconds(30);

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;
const MAX_STATES = 100;

/** The most attempts at the same time that a worker may speak of; and the highest process id, that any system gives out. */
const MAX_CONCURRENCY = 1_000_000;
const MAX_PROCESS_ID = 2 ** 31 - 1;

/** What the worker-registry's service is made of. */
export interface WorkerServiceDeps {
  readonly store: WorkerStore;
  readonly clock: Clock;
}

/** Who is alive. */
export function workerService({ store, clock }: WorkerServiceDeps): ServiceBinding {
  const show = (worker: Worker): workerv1.Worker => workerToProto(worker, workerHealth(worker, clock.now()));
  return bind(workerv1.WorkerServiceDefinition, {
    registerWorker: async ({ worker }) => {
      const registered = await store.register(readProfile(worker));
      return { worker: show(registered), heartbeatInterval: durationToProto(HEARTBEAT_INTERVAL) };
    },
    heartbeatWorker: async (request) => {
      const key = readKey(request);
      const progress = workerProgressFromProto(request.progress, 'progress');
      if (progress.running > MAX_CONCURRENCY)
        throw invalidFields([{ field: 'progress.running', description: `must be at most ${MAX_CONCURRENCY}` }]);
      const worker = await store.heartbeat(key, progress);
      return { shouldDrain: found(worker, key).state === 'DRAINING' };
    },
    deregisterWorker: async (request) => {
      const key = readKey(request);
      await store.move(key, ['ACTIVE', 'DRAINING', 'LOST'], 'STOPPED');
      return {};
    },
    drainWorker: async (request) => {
      const key = readKey(request);
      const moved = await store.move(key, ['ACTIVE'], 'DRAINING');
      return { worker: show(moved ?? found(await store.get(key), key)) };
    },
    getWorker: async (request) => {
      const key = readKey(request);
      return { worker: show(found(await store.get(key), key)) };
    },
    listWorkers: async (request) => listWorkers(store, request, show),
  });
}

async function listWorkers(
  store: WorkerStore,
  request: workerv1.ListWorkersRequest,
  show: (worker: Worker) => workerv1.Worker,
): Promise<workerv1.ListWorkersResponse> {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  checks.require(request.states.length <= MAX_STATES, 'states', `has more than ${MAX_STATES} entries`);
  const states = request.states
    .slice(0, MAX_STATES)
    .map((state, i) => checks.parse(() => workerStateFromProto(state, `states[${i}]`)));
  checks.done();
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE);
  const boundTo = [namespace, request.states];
  const afterId = readPageToken(request.pageToken, boundTo);
  const found = await store.list({
    namespace,
    states: states.filter((state) => state !== undefined),
    limit: pageSize + 1,
    ...(afterId !== undefined && { afterId }),
  });
  const page = found.slice(0, pageSize);
  const last = page.at(-1);
  return {
    workers: page.map(show),
    nextPageToken: found.length > pageSize && last ? makePageToken(last.id, boundTo) : '',
  };
}

function readProfile(worker: workerv1.Worker | undefined): ReturnType<typeof workerProfileFromProto> {
  const checks = new Checks();
  const wire = worker ?? workerv1.Worker.decode(new Uint8Array());
  const namespace = checks.name('worker.namespace', wire.namespace, { default: 'default' });
  checks.name('worker.id', wire.id);
  wire.queues.forEach((queue, i) => checks.name(`worker.queues[${i}]`, queue));
  wire.types.forEach((type, i) => checks.pattern(`worker.types[${i}]`, type));
  checks.require(wire.queues.length <= MAX_PAGE, 'worker.queues', `has more than ${MAX_PAGE} entries`);
  checks.require(wire.types.length <= MAX_PAGE, 'worker.types', `has more than ${MAX_PAGE} entries`);
  checks.require(wire.concurrency <= MAX_CONCURRENCY, 'worker.concurrency', `must be at most ${MAX_CONCURRENCY}`);
  checks.require(wire.processId <= MAX_PROCESS_ID, 'worker.process_id', `must be at most ${MAX_PROCESS_ID}`);
  checks.text('worker.hostname', wire.hostname);
  checks.text('worker.sdk', wire.sdk);
  checks.labels('worker.labels', wire.labels);
  checks.done();
  return { ...workerProfileFromProto(wire), namespace };
}

function readKey(request: { readonly namespace: string; readonly workerId: string }): WorkerKey {
  const checks = new Checks();
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const id = checks.name('worker_id', request.workerId);
  checks.done();
  return { namespace, id };
}

function found(worker: Worker | null, { namespace, id }: WorkerKey): Worker {
  if (worker) return worker;
  const metadata = { namespace, worker_id: id };
  throw new Refusal('WORKER_NOT_FOUND', `no worker "${id}" in namespace "${namespace}"; register it`, metadata);
}
