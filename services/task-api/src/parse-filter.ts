import { statusFromProto, taskv1, timeFromProto } from '@orrery/contracts';
import type { ListTasks } from '@orrery/core';
import type { Checks } from '@orrery/service';

const MAX_NAMES = 100;

/** Reads which tasks are meant; what is wrong goes to `checks`. */
export function parseFilter(
  filter: taskv1.TaskFilter,
  field: string,
  checks: Checks,
): Omit<ListTasks, 'namespace' | 'limit' | 'afterId'> {
  checks.require(filter.statuses.length <= MAX_NAMES, `${field}.statuses`, `has more than ${MAX_NAMES} entries`);
  const statuses = filter.statuses
    .slice(0, MAX_NAMES)
    .map((status, i) => checks.parse(() => statusFromProto(status, `${field}.statuses[${i}]`)));
  checks.require(filter.queues.length <= MAX_NAMES, `${field}.queues`, `has more than ${MAX_NAMES} entries`);
  checks.require(filter.types.length <= MAX_NAMES, `${field}.types`, `has more than ${MAX_NAMES} entries`);
  filter.queues.slice(0, MAX_NAMES).forEach((queue, i) => checks.name(`${field}.queues[${i}]`, queue));
  filter.types.slice(0, MAX_NAMES).forEach((type, i) => checks.pattern(`${field}.types[${i}]`, type));
  checks.labels(`${field}.labels`, filter.labels);
  checks.text(`${field}.correlation_id`, filter.correlationId);
  if (filter.parentTaskId !== '') checks.name(`${field}.parent_task_id`, filter.parentTaskId);
  const createdFrom = checks.parse(() => timeFromProto(filter.createTimeFrom, `${field}.create_time_from`));
  const createdBefore = checks.parse(() => timeFromProto(filter.createTimeBefore, `${field}.create_time_before`));
  return {
    ...(statuses.length > 0 && { statuses: statuses.filter((status) => status !== undefined) }),
    ...(filter.queues.length > 0 && { queues: filter.queues }),
    ...(filter.types.length > 0 && { types: filter.types }),
    ...(Object.keys(filter.labels).length > 0 && { labels: filter.labels }),
    ...(filter.correlationId !== '' && { correlationId: filter.correlationId }),
    ...(filter.parentTaskId !== '' && { parentTaskId: filter.parentTaskId }),
    ...(createdFrom && { createdFrom }),
    ...(createdBefore && { createdBefore }),
  };
}

/** A filter as text, to bind tokens to; one that was looked at, as times that are none cannot be encoded. */
export function filterText(filter: taskv1.TaskFilter): string {
  return Buffer.from(taskv1.TaskFilter.encode(filter).finish()).toString('base64url');
}
