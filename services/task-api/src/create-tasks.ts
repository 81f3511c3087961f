import { refusalToRpc, taskv1 } from '@orrery/contracts';
import { type CreateOutcome, invalidFields, type NewTask, Refusal, type TaskStore } from '@orrery/core';
import { Checks } from '@orrery/service';
import { bodyHash } from './body-hash.ts';
import { parseTaskSpec, type RequestContext } from './parse-task-spec.ts';
import type { SchedulerPort } from './scheduler-port.ts';

/** The most tasks that one call may create. */
const MAX_TASKS = 1000;

const MAX_REQUEST_ID = 128;

/** What creating tasks needs. */
export interface CreateDeps {
  readonly store: TaskStore;
  readonly scheduler: SchedulerPort;
}

/** Creates one task. */
export async function createTask(
  deps: CreateDeps,
  request: taskv1.CreateTaskRequest,
  context: RequestContext,
): Promise<CreateOutcome> {
  await knowVersions(context, request.task ? [request.task] : []);
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  const task = parseTaskSpec(request.task, 'task', context, checks);
  checks.done();
  const encoded = (): Uint8Array => taskv1.CreateTaskRequest.encode(request).finish();
  const [outcome] = await store(deps, context, task ? [task] : [], requestId, encoded);
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
  await knowVersions(context, request.tasks);
  const encoded = (): Uint8Array => taskv1.CreateTasksRequest.encode(request).finish();
  if (request.partialSuccess) return createEach(deps, request, context, encoded);
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  const tasks = request.tasks.map((spec, i) => parseTaskSpec(spec, `tasks[${i}]`, context, checks));
  checks.done();
  const outcomes = await store(deps, context, present(tasks), requestId, encoded);
  return outcomes.map((outcome) => ({ taskId: outcome.id, deduplicated: outcome.deduplicated, error: undefined }));
}

/** A version that a task names may have been registered a moment ago, in another process. */
async function knowVersions(
  { definitions, namespace }: RequestContext,
  specs: readonly taskv1.TaskSpec[],
): Promise<void> {
  const isKnown = ({ type, typeVersion }: taskv1.TaskSpec): boolean =>
    typeVersion === 0 || definitions.has(namespace, type, typeVersion);
  if (!specs.every(isKnown)) await definitions.refresh();
}

/** Each task for itself: what is wrong with one does not refuse the others. */
async function createEach(
  deps: CreateDeps,
  request: taskv1.CreateTasksRequest,
  context: RequestContext,
  encoded: () => Uint8Array,
): Promise<taskv1.CreateTaskResult[]> {
  const checks = new Checks();
  const requestId = readRequestId(request.requestId, checks);
  checks.done();
  const parsed = request.tasks.map((spec, i) => parseAlone(spec, `tasks[${i}]`, context));
  const [own, generated] = partition(parsed);
  const results = new Map<number, taskv1.CreateTaskResult>();
  const outcomes = await store(
    deps,
    context,
    generated.map(({ task }) => task),
    requestId,
    encoded,
  );
  generated.forEach(({ index }, i) => results.set(index, created(outcomes[i])));
  for (const [index, result] of await createOwn(deps, context, own, requestId, encoded)) results.set(index, result);
  return parsed.map((task, i) => results.get(i) ?? refused(request.tasks[i]?.id ?? '', task));
}

/**
 * Tasks whose ids their callers chose: together, and if ids collide each on its own, so that a collision refuses only itself. A
 * repetition takes the same way, as what was stored on its own collides when tried together.
 */
async function createOwn(
  deps: CreateDeps,
  context: RequestContext,
  own: readonly Indexed[],
  requestId: string,
  encoded: () => Uint8Array,
): Promise<ReadonlyMap<number, taskv1.CreateTaskResult>> {
  const results = new Map<number, taskv1.CreateTaskResult>();
  try {
    const part = requestId === '' ? '' : `${requestId}#own`;
    const tasks = own.map(({ task }) => task);
    const outcomes = await store(deps, context, tasks, part, encoded);
    own.forEach(({ index }, i) => results.set(index, created(outcomes[i])));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const { index, task } of own)
      results.set(index, await createAlone(deps, context, task, requestId, index, encoded));
  }
  return results;
}

async function createAlone(
  deps: CreateDeps,
  context: RequestContext,
  task: NewTask,
  requestId: string,
  index: number,
  encoded: () => Uint8Array,
): Promise<taskv1.CreateTaskResult> {
  const part = requestId === '' ? '' : `${requestId}#${index}`;
  try {
    const [outcome] = await store(deps, context, [task], part, encoded);
    return created(outcome);
  } catch (error) {
    if (error instanceof Refusal) return refused(task.spec.id, error);
    throw error;
  }
}

async function store(
  deps: CreateDeps,
  context: RequestContext,
  tasks: readonly NewTask[],
  requestId: string,
  encoded: () => Uint8Array,
): Promise<readonly CreateOutcome[]> {
  if (tasks.length === 0) return [];
  const request = requestId === '' ? null : { id: requestId, bodyHash: bodyHash(encoded()) };
  const names = [...new Set(tasks.map(({ spec }) => spec.queue))];
  const queues = names.map((queue) => ({ namespace: context.namespace, queue }));
  const creation = deps.store.createTasks({ namespace: context.namespace, tasks, request });
  if (deps.store.sharesTransactions) deps.scheduler.offer?.(queues);
  const outcomes = await creation;
  deps.scheduler.wake({ queues, scheduled: tasks.some(({ due }) => due !== null) });
  return outcomes;
}

function parseAlone(spec: taskv1.TaskSpec, field: string, context: RequestContext): NewTask | Refusal {
  const checks = new Checks();
  try {
    const task = parseTaskSpec(spec, field, context, checks);
    checks.done();
    if (task) return task;
    return invalidFields([{ field, description: 'cannot be read' }]);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

interface Indexed {
  readonly index: number;
  readonly task: NewTask;
}

function partition(parsed: readonly (NewTask | Refusal)[]): [own: Indexed[], generated: Indexed[]] {
  const own: Indexed[] = [];
  const generated: Indexed[] = [];
  parsed.forEach((task, index) => {
    if (!(task instanceof Refusal)) (task.idIsCallers ? own : generated).push({ index, task });
  });
  return [own, generated];
}

function created(outcome: CreateOutcome | undefined): taskv1.CreateTaskResult {
  return { taskId: outcome?.id ?? '', deduplicated: outcome?.deduplicated ?? false, error: undefined };
}

function refused(taskId: string, refusal: NewTask | Refusal): taskv1.CreateTaskResult {
  const error = refusal instanceof Refusal ? refusalToRpc(refusal) : undefined;
  return { taskId, deduplicated: false, error };
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
