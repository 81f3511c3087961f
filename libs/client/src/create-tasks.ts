import { randomUUID } from 'node:crypto';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { Batcher, errorFromStatus, isSampled, OrreryError, outsideTaskScope, type Settled } from '@orrery/rpc';
import type { Connection } from './connect.ts';
import type { CreationStreams } from './creation-stream.ts';
import { sizeOfSpec } from './task-spec.ts';

/** A task that exists now. */
export interface Created {
  readonly id: string;
  /** True if nothing was created because the task existed already. */
  readonly deduplicated: boolean;
}

/** The most tasks in one call. */
export const MAX_BATCH_ITEMS = 1_000;
// Below the 4 MiB that gRPC servers accept by default, with room for what is not params.
const MAX_BATCH_BYTES = 3 * 1024 * 1024;
const MAX_IN_FLIGHT = 4;
// Longer than a batch takes on an idle server, so that callers gather; short enough not to be noticed when one is slow.
const MAX_WAIT = Duration.ofMillis(10);

/** Gathers tasks that are created one by one into calls of up to 1,000, each task with its own result or refusal. */
export function createBatcher(connection: Connection, streams: CreationStreams): Batcher<taskv1.TaskSpec, Created> {
  return new Batcher({
    send: (tasks) => createSome(connection, streams, tasks),
    sizeOf: sizeOfSpec,
    maxItems: MAX_BATCH_ITEMS,
    maxBytes: MAX_BATCH_BYTES,
    maxInFlight: MAX_IN_FLIGHT,
    maxWait: MAX_WAIT,
    timers: connection.settings.timers,
  });
}

/** Creates one task in a call of its own, under the caller's request id. */
export async function createAlone(
  connection: Connection,
  task: taskv1.TaskSpec,
  requestId: string,
  signal?: AbortSignal,
): Promise<Created> {
  const { namespace } = connection.settings;
  const reply = await connection.call(
    (options) => connection.stub.createTask({ namespace, task, requestId }, options),
    signal,
  );
  return { id: reply.task?.id ?? task.id, deduplicated: reply.deduplicated };
}

/** Creates up to 1,000 tasks: all, or none and an OrreryError. */
export async function createAll(
  connection: Connection,
  tasks: readonly taskv1.TaskSpec[],
  requestId: string | undefined,
  signal?: AbortSignal,
): Promise<readonly Created[]> {
  const request = { ...newRequest(connection, tasks), requestId: requestId ?? randomUUID(), partialSuccess: false };
  const reply = await connection.call((options) => connection.stub.createTasks(request, options), signal);
  return resultsOf(reply, tasks).map(({ taskId: id, deduplicated }) => ({ id, deduplicated }));
}

/** Creates up to 1,000 tasks, each for itself. A lost answer is asked for again under the same request id. */
async function createSome(
  connection: Connection,
  streams: CreationStreams,
  tasks: readonly taskv1.TaskSpec[],
): Promise<readonly Settled<Created>[]> {
  const creation = { ...newRequest(connection, tasks), requestId: randomUUID(), partialSuccess: true };
  // The request is traced as part of one of the creations: a trace of its own would be found from none of them.
  const { traceparent } = tasks.find((task) => isSampled(task.traceparent)) ?? tasks[0] ?? { traceparent: '' };
  const send = () => connection.call(({ signal }) => streams.send({ creation, traceparent }, signal));
  const reply = await context.with(ROOT_CONTEXT, () => outsideTaskScope(send));
  return resultsOf(reply, tasks).map(settled);
}

function newRequest({ settings }: Connection, tasks: readonly taskv1.TaskSpec[]) {
  return { namespace: settings.namespace, tasks: [...tasks] };
}

function resultsOf(
  { results }: taskv1.CreateTasksResponse,
  tasks: readonly taskv1.TaskSpec[],
): readonly taskv1.CreateTaskResult[] {
  if (results.length === tasks.length) return results;
  const message = `the server answered for ${results.length} of ${tasks.length} tasks`;
  throw new OrreryError({ code: 'INTERNAL', reason: 'INTERNAL', message });
}

function settled({ taskId: id, deduplicated, error }: taskv1.CreateTaskResult): Settled<Created> {
  if (error) return { ok: false, error: errorFromStatus(error) };
  return { ok: true, value: { id, deduplicated } };
}
