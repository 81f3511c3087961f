import { statusFromProto, taskv1, timeFromProto } from '@orrery/contracts';
import { type ListTasks } from '@orrery/core';
import { Checks, readPageToken } from '@orrery/service';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;
const MAX_NAMES = 100;

/** A list request as the store takes it, and what a page token is bound to. */
export interface ListQuery {
  readonly query: ListTasks;
  readonly pageSize: number;
  readonly boundTo: unknown;
}

/** Reads a list request; refuses with every problem named. */
export function parseListQuery(request: taskv1.ListTasksRequest): ListQuery {
  const checks = new Checks();
  const filter = request.filter ?? taskv1.TaskFilter.decode(new Uint8Array());
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  const statuses = filter.statuses.map((status, i) =>
    checks.parse(() => statusFromProto(status, `filter.statuses[${i}]`)),
  );
  filter.queues.forEach((queue, i) => checks.name(`filter.queues[${i}]`, queue));
  filter.types.forEach((type, i) => checks.pattern(`filter.types[${i}]`, type));
  checks.require(filter.queues.length <= MAX_NAMES, 'filter.queues', `has more than ${MAX_NAMES} entries`);
  checks.require(filter.types.length <= MAX_NAMES, 'filter.types', `has more than ${MAX_NAMES} entries`);
  if (filter.parentTaskId !== '') checks.name('filter.parent_task_id', filter.parentTaskId);
  const createdFrom = checks.parse(() => timeFromProto(filter.createTimeFrom, 'filter.create_time_from'));
  const createdBefore = checks.parse(() => timeFromProto(filter.createTimeBefore, 'filter.create_time_before'));
  checks.done();
  const boundTo = [
    namespace,
    Buffer.from(taskv1.TaskFilter.encode(filter).finish()).toString('base64url'),
    request.view,
  ];
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE);
  const afterId = readPageToken(request.pageToken, boundTo);
  const query: ListTasks = {
    namespace,
    limit: pageSize + 1,
    ...(statuses.length > 0 && { statuses: statuses.filter((status) => status !== undefined) }),
    ...(filter.queues.length > 0 && { queues: filter.queues }),
    ...(filter.types.length > 0 && { types: filter.types }),
    ...(Object.keys(filter.labels).length > 0 && { labels: filter.labels }),
    ...(filter.correlationId !== '' && { correlationId: filter.correlationId }),
    ...(filter.parentTaskId !== '' && { parentTaskId: filter.parentTaskId }),
    ...(createdFrom && { createdFrom }),
    ...(createdBefore && { createdBefore }),
    ...(afterId !== undefined && { afterId }),
  };
  return { query, pageSize, boundTo };
}
