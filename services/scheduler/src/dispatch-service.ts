import { dispatchv1, durationFromProto, leaseToProto } from '@orrery/contracts';
import { type LeaseRef, Refusal, type Task, type TaskStore } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { bind, Checks, type ServiceBinding } from '@orrery/service';
import type { ServiceImplementation } from 'nice-grpc';
import type { CallContext } from 'nice-grpc-common';
import type { Dispatcher } from './dispatcher.ts';
import { MAX_BATCH, type LeaseCalls } from './lease-calls.ts';
import { pollForTasks } from './long-poll.ts';
import { DEFAULT_LEASE, parseClaimOptions } from './parse-claim-options.ts';
import type { Settlement } from './settle.ts';
import { WorkStream } from './work-stream.ts';

/** The longest that ClaimTasks waits. */
const MAX_WAIT = Duration.ofSeconds(60);

/** The most params in one reply, below the 4 MiB that a client accepts by default; and what a lease costs beside its params. */
const REPLY_BYTES = 3 * 1024 * 1024;
const LEASE_BYTES = 1024;

/** What the worker-facing service is made of. */
export interface DispatchDeps {
  readonly store: TaskStore;
  readonly dispatcher: Dispatcher;
  readonly calls: LeaseCalls;
  readonly settlement: Settlement;
  readonly streams: Set<WorkStream>;
  readonly maxPayloadBytes: number;
  /** Aborted when the process drains. */
  readonly draining: AbortSignal;
  /** Called when tasks were claimed, so that their events are published in a while. */
  readonly begun: () => void;
}

/** The worker-facing service. */
export function dispatchService(deps: DispatchDeps): ServiceBinding {
  const { calls } = deps;
  const handlers: ServiceImplementation<typeof dispatchv1.DispatchServiceDefinition> = {
    work: (requests, context) => work(deps, requests, context),
    claimTasks: (request, context) => claimTasks(deps, request, context),
    completeTasks: async ({ namespace, completions }) => ({
      results: await calls.complete(readNamespace(namespace), completions),
    }),
    failTasks: async ({ namespace, failures }) => ({ results: await calls.fail(readNamespace(namespace), failures) }),
    releaseTasks: async ({ namespace, leases }) => ({ results: await calls.release(readNamespace(namespace), leases) }),
    extendLeases: async (request) => ({ extensions: await calls.extend(request, DEFAULT_LEASE) }),
    reportProgress: async (request) => ({ extensions: await calls.progress(request, DEFAULT_LEASE) }),
  };
  return bind(dispatchv1.DispatchServiceDefinition, handlers, { longPolls: ['claimTasks'] });
}

async function* work(
  deps: DispatchDeps,
  requests: AsyncIterable<dispatchv1.WorkRequest>,
  context: CallContext,
): AsyncGenerator<dispatchv1.WorkResponse> {
  const incoming = requests[Symbol.asyncIterator]();
  const first = await incoming.next();
  if (first.done || first.value.message?.$case !== 'hello') {
    throw new Refusal('PROTOCOL_VIOLATION', 'the first message of a Work stream must be a hello');
  }
  assertNotDraining(deps);
  const stream = new WorkStream(first.value.message.value, deps);
  const close = (): void => stream.close();
  deps.streams.add(stream);
  context.signal.addEventListener('abort', close);
  try {
    void receiveAll(stream, incoming);
    yield* stream.responses;
  } finally {
    deps.streams.delete(stream);
    context.signal.removeEventListener('abort', close);
    // Without the store they wait for their leases to run out.
    await stream.abandon().catch(() => undefined);
  }
}

async function receiveAll(stream: WorkStream, incoming: AsyncIterator<dispatchv1.WorkRequest>): Promise<void> {
  try {
    for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
      stream.receive(next.value);
      await stream.room();
    }
    stream.finish();
  } catch (error) {
    stream.close(error);
  }
}

async function claimTasks(
  deps: DispatchDeps,
  request: dispatchv1.ClaimTasksRequest,
  context: CallContext,
): Promise<dispatchv1.ClaimTasksResponse> {
  assertNotDraining(deps);
  const options = parseClaimOptions(request.options, 'options');
  const checks = new Checks();
  const asked = request.waitTimeout && checks.parse(() => durationFromProto(request.waitTimeout, 'wait_timeout'));
  checks.require(!asked?.isNegative, 'wait_timeout', 'must not be negative');
  checks.done();
  const wait = Math.min(asked?.toMillis() ?? 0, MAX_WAIT.toMillis());
  const maxTasks = Math.min(request.maxTasks || 1, MAX_BATCH);
  const signal = AbortSignal.any([context.signal, deps.draining]);
  const tasks =
    wait === 0
      ? await deps.dispatcher.claimNow(options, maxTasks)
      : await pollForTasks(deps.dispatcher, options, maxTasks, wait, signal);
  if (tasks.length > 0) deps.begun();
  // A caller that has hung up will never hear of its leases: all go back, and no attempt is used up.
  const { fitting, rest } = context.signal.aborted ? { fitting: [], rest: tasks } : splitBySize(tasks);
  if (rest.length > 0) await deps.settlement.release(options.namespace, rest.map(leaseRefOf));
  return { leases: fitting.map(leaseToProto) };
}

/** Tasks whose params fit into one reply; the others are handed back. The first always fits. */
function splitBySize(tasks: readonly Task[]): { fitting: readonly Task[]; rest: readonly Task[] } {
  let bytes = 0;
  const end = tasks.findIndex((task) => (bytes += task.params.data.length + LEASE_BYTES) > REPLY_BYTES);
  const count = end < 0 ? tasks.length : Math.max(end, 1);
  return { fitting: tasks.slice(0, count), rest: tasks.slice(count) };
}

function leaseRefOf(task: Task): LeaseRef {
  return { taskId: task.id, token: task.leaseToken ?? '' };
}

function assertNotDraining(deps: DispatchDeps): void {
  if (deps.draining.aborted) throw new Refusal('SHUTTING_DOWN', 'this scheduler is shutting down; use another');
}

function readNamespace(namespace: string): string {
  const checks = new Checks();
  const name = checks.name('namespace', namespace, { default: 'default' });
  checks.done();
  return name;
}
