import { taskv1, viewFromProto } from '@orrery/contracts';
import { type ListTasks } from '@orrery/core';
import { Checks, readPageToken } from '@orrery/service';
import { filterText, parseFilter } from './parse-filter.ts';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;

/** A list request as the store takes it, and what a page token is bound to. */
export interface ListQuery {
  readonly query: ListTasks;
  readonly pageSize: number;
  readonly view: 'BASIC' | 'FULL';
  readonly boundTo: unknown;
}

/** Reads a list request; refuses with every problem named. */
export function parseListQuery(request: taskv1.ListTasksRequest): ListQuery {
  const checks = new Checks();
  const filter = request.filter ?? taskv1.TaskFilter.decode(new Uint8Array());
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  checks.require(request.pageSize >= 0, 'page_size', 'must not be negative');
  const wanted = parseFilter(filter, 'filter', checks);
  const view = checks.parse(() => viewFromProto(request.view, 'BASIC'));
  checks.done();
  const boundTo = [namespace, filterText(filter), request.view];
  const pageSize = Math.min(request.pageSize || DEFAULT_PAGE, MAX_PAGE);
  const afterId = readPageToken(request.pageToken, boundTo);
  const query: ListTasks = {
    namespace,
    limit: pageSize + 1,
    ...wanted,
    ...(afterId !== undefined && { afterId }),
  };
  return { query, pageSize, view: view ?? 'BASIC', boundTo };
}
