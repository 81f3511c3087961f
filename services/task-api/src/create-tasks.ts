import { taskv1 } from '@orrery/contracts';
import { type CreateOutcome, invalidFields } from '@orrery/core';
import { Checks } from '@orrery/service';
import { createEach } from './create-each.ts';
import { parseTaskSpec, type RequestContext } from './parse-task-spec.ts';
import { assertOpen } from './request-context.ts';
import { type CreateDeps, storeTasks } from './store-tasks.ts';

/** The most tasks that one call may create. */
const MAX_TASKS = 1000;

const MAX_REQUEST_ID = 128;

/** Creates one task. */
export async function createTask(
  deps: CreateDeps,
  request: taskv1.CreateTaskRequest,
  context: RequestContext,
): Promise<CreateOutcome> {
  assertOpen(context);
  await context.definitions.learnTypes(context.namespace, request.task ? [request.task] : []);
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  const task = parseTaskSpec(request.task, 'task', context, checks);
  checks.done();
  const encoded = (): Uint8Array => taskv1.CreateTaskRequest.encode(request).finish();
  const [outcome] = await storeTasks(deps, context, task ? [task] : [], { id: requestId, encoded });
  if (!outcome) throw new Error('the store answered for no task');
  return outcome;
}

/** Creates many tasks: all or none, or each for itself. */
export async function createTasks(
  deps: CreateDeps,
  request: taskv1.CreateTasksRequest,
  context: RequestContext,
): Promise<taskv1.CreateTaskResult[]> {
  assertCount(request.tasks.length);
  assertOpen(context);
  await context.definitions.learnTypes(context.namespace, request.tasks);
  const encoded = (): Uint8Array => taskv1.CreateTasksRequest.encode(request).finish();
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  if (request.partialSuccess) {
    checks.done();
    return createEach(deps, request.tasks, context, { id: requestId, encoded });
  }
  const tasks = request.tasks.map((spec, i) => parseTaskSpec(spec, `tasks[${i}]`, context, checks));
  checks.done();
  const outcomes = await storeTasks(deps, context, present(tasks), { id: requestId, encoded });
  return outcomes.map((outcome) => ({ taskId: outcome.id, deduplicated: outcome.deduplicated, error: undefined }));
}

function present<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item): item is T => item !== undefined);
}

/** Reads what makes a call idempotent. */
export function readRequestId(requestId: string, checks: Checks): string {
  checks.require(requestId.length <= MAX_REQUEST_ID, 'request_id', `is longer than ${MAX_REQUEST_ID} characters`);
  checks.require(!requestId.includes('\0'), 'request_id', 'must not hold a NUL character');
  return requestId;
}

function assertCount(count: number): void {
  if (count >= 1 && count <= MAX_TASKS) return;
  throw invalidFields([{ field: 'tasks', description: `must have from 1 to ${MAX_TASKS} entries` }]);
}
