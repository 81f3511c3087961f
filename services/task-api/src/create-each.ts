import { refusalToRpc, type taskv1 } from '@orrery/contracts';
import { type CreateOutcome, invalidFields, type NewTask, Refusal } from '@orrery/core';
import { Checks } from '@orrery/service';
import { parseTaskSpec, type RequestContext } from './parse-task-spec.ts';
import { type CreateDeps, type RequestOnce, storeTasks } from './store-tasks.ts';

/** Each task for itself: what is wrong with one does not refuse the others. */
export async function createEach(
  deps: CreateDeps,
  specs: readonly taskv1.TaskSpec[],
  context: RequestContext,
  once: RequestOnce,
): Promise<taskv1.CreateTaskResult[]> {
  const parsed = specs.map((spec, i) => parseAlone(spec, `tasks[${i}]`, context));
  const [own, generated] = partition(parsed);
  const results = new Map<number, taskv1.CreateTaskResult>();
  const tasks = generated.map(({ task }) => task);
  const { outcomes, refusal } = await storeFitting(deps, context, tasks, once);
  generated.forEach(({ index }, i) => {
    const outcome = outcomes[i];
    results.set(index, outcome ? created(outcome) : refused('', refusal));
  });
  for (const [index, result] of await createOwn(deps, context, own, once)) results.set(index, result);
  return parsed.map((task, i) => results.get(i) ?? refused(specs[i]?.id ?? '', task));
}

/** Stores as many of the tasks, from the first one on, as the namespace has room for; the others are refused. */
async function storeFitting(
  deps: CreateDeps,
  context: RequestContext,
  tasks: readonly NewTask[],
  once: RequestOnce,
): Promise<{ readonly outcomes: readonly CreateOutcome[]; readonly refusal: Refusal }> {
  // What a repetition is told of tasks that found no room the first time.
  let refusal = new Refusal('QUOTA_EXCEEDED', `namespace "${context.namespace}" had no room`, {
    namespace: context.namespace,
  });
  for (let fitting = tasks; ; fitting = tasks.slice(0, Number(refusal.metadata['room']))) {
    try {
      return { outcomes: await storeTasks(deps, context, fitting, once), refusal };
    } catch (error) {
      if (!(error instanceof Refusal) || error.reason !== 'QUOTA_EXCEEDED') throw error;
      refusal = error;
    }
  }
}

/**
 * Tasks whose ids their callers chose: together, and if ids collide each on its own, so that a collision refuses only itself. A
 * repetition takes the same way, as what was stored on its own collides when tried together.
 */
async function createOwn(
  deps: CreateDeps,
  context: RequestContext,
  own: readonly Indexed[],
  once: RequestOnce,
): Promise<ReadonlyMap<number, taskv1.CreateTaskResult>> {
  const results = new Map<number, taskv1.CreateTaskResult>();
  try {
    const tasks = own.map(({ task }) => task);
    const outcomes = await storeTasks(deps, context, tasks, partOf(once, 'own'));
    own.forEach(({ index }, i) => results.set(index, created(outcomes[i])));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const { index, task } of own) results.set(index, await createAlone(deps, context, task, partOf(once, index)));
  }
  return results;
}

async function createAlone(
  deps: CreateDeps,
  context: RequestContext,
  task: NewTask,
  once: RequestOnce,
): Promise<taskv1.CreateTaskResult> {
  try {
    const [outcome] = await storeTasks(deps, context, [task], once);
    return created(outcome);
  } catch (error) {
    if (error instanceof Refusal) return refused(task.spec.id, error);
    throw error;
  }
}

/** What makes a part of the request idempotent that is stored on its own. */
function partOf({ id, encoded }: RequestOnce, part: string | number): RequestOnce {
  return { id: id === '' ? '' : `${id}#${part}`, encoded };
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
