import { scheduleSpecFromProto, scheduleSpecToProto, type schedulev1 } from '@orrery/contracts';
import {
  invalidFields,
  type Schedule,
  type ScheduleDefinition,
  scheduleProblems,
  type ScheduledTask,
} from '@orrery/core';
import type { Checks } from '@orrery/service';
import { parseTaskSpec, type RequestContext } from './parse-task-spec.ts';

/** Reads what is decided about a schedule; what is wrong goes to `checks`. */
export function parseScheduleSpec(
  wire: schedulev1.ScheduleSpec | undefined,
  field: string,
  context: RequestContext,
  checks: Checks,
): ScheduleDefinition | undefined {
  if (!wire) {
    checks.add(field, 'is required');
    return undefined;
  }
  const task = parseTask(wire, `${field}.task`, context, checks);
  const rest = checks.parse(() => scheduleSpecFromProto(wire, field));
  if (!rest || !task) return undefined;
  const definition = { ...rest, task };
  for (const { field: name, description } of scheduleProblems(definition, field)) checks.add(name, description);
  return definition;
}

/** Reads a change of a schedule: the fields that the mask names, or all. */
export function parseScheduleUpdate(
  schedule: Schedule,
  request: schedulev1.UpdateScheduleRequest,
  context: RequestContext,
  checks: Checks,
): Partial<ScheduleDefinition> {
  const { spec, updateMask = [] } = request;
  if (!spec) throw invalidFields([{ field: 'spec', description: 'is required' }]);
  if (updateMask.length > MAX_PATHS)
    throw invalidFields([{ field: 'update_mask.paths', description: `has more than ${MAX_PATHS} entries` }]);
  const paths = updateMask.length === 0 || updateMask.includes('*') ? [...FIELDS.keys()] : updateMask;
  const isAll = paths !== updateMask;
  const merged = scheduleSpecToProto(schedule);
  const changed = new Set<keyof ScheduleDefinition>();
  paths.forEach((path, i) => {
    const known = FIELDS.get(path);
    if (!known) {
      checks.add(
        `update_mask.paths[${i}]`,
        `"${path.slice(0, 100)}" is no field of spec; there are ${[...FIELDS.keys()].join(', ')}`,
      );
      return;
    }
    if (known === 'timing' && !isAll && caseOf(path) !== spec.timing?.$case)
      checks.add(`spec.${path}`, 'is in the mask and must be set');
    else take(merged, spec, known);
    changed.add(known);
  });
  const definition = parseScheduleSpec(merged, 'spec', context, checks);
  return Object.fromEntries([...changed].map((name) => [name, definition?.[name]]));
}

/** The fields of a spec as masks name them, and what they are in a definition. */
const FIELDS: ReadonlyMap<string, keyof ScheduleDefinition> = new Map<string, keyof ScheduleDefinition>(
  Object.entries({
    task: 'task',
    cron: 'timing',
    interval: 'timing',
    eta_time: 'timing',
    start_time: 'startAt',
    end_time: 'endAt',
    jitter: 'jitter',
    overlap_policy: 'overlap',
    catch_up: 'catchUp',
  } as const),
);

const MAX_PATHS = 100;

function caseOf(path: string): string {
  return path === 'eta_time' ? 'etaTime' : path;
}

function take(into: schedulev1.ScheduleSpec, from: schedulev1.ScheduleSpec, name: keyof ScheduleDefinition): void {
  switch (name) {
    case 'task':
      into.task = from.task;
      return;
    case 'timing':
      into.timing = from.timing;
      return;
    case 'startAt':
      into.startTime = from.startTime;
      return;
    case 'endAt':
      into.endTime = from.endTime;
      return;
    case 'jitter':
      into.jitter = from.jitter;
      return;
    case 'overlap':
      into.overlapPolicy = from.overlapPolicy;
      return;
    case 'catchUp':
      into.catchUp = from.catchUp;
  }
}

function parseTask(
  { task: wire }: schedulev1.ScheduleSpec,
  field: string,
  context: RequestContext,
  checks: Checks,
): ScheduledTask | undefined {
  const parsed = parseTaskSpec(wire, field, context, checks);
  checks.require(!wire?.id, `${field}.id`, "must be left out: it is made of the schedule's id and the slot");
  checks.require(!wire?.runTime, `${field}.run_time`, 'must be left out: the schedule decides it');
  checks.require(!wire?.delay, `${field}.delay`, 'must be left out: the schedule decides it');
  checks.require(!wire?.parentTaskId, `${field}.parent_task_id`, 'must be left out: a schedule is nobody’s child');
  checks.require(!wire?.dedup, `${field}.dedup`, 'must be left out: a slot makes one task');
  if (!parsed || !wire) return undefined;
  const { namespace: _namespace, id: _id, traceparent: _trace, parentTaskId: _parent, ...rest } = parsed.spec;
  const { dedupKey: _key, typeVersion: _version, ...task } = rest;
  return { ...task, correlationId: wire.correlationId };
}
