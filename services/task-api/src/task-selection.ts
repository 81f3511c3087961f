import { isDeepStrictEqual } from 'node:util';
import { taskv1 } from '@orrery/contracts';
import type { ListTasks, TaskStatus } from '@orrery/core';
import { Checks, readPageToken } from '@orrery/service';
import { filterText, parseFilter } from './parse-filter.ts';

/** Which tasks a bulk operation is for, and how it goes about it. */
export interface Selection {
  readonly query: Omit<ListTasks, 'limit'> & { readonly statuses: readonly TaskStatus[] };
  readonly dryRun: boolean;
  readonly maxTasks: number;
  /** What resume tokens are bound to. */
  readonly boundTo: unknown;
}

/** Reads the selection of a bulk operation that can change tasks in these statuses; refuses with every problem named. */
export function parseSelection(
  request: { readonly namespace: string; readonly selection?: taskv1.TaskSelection | undefined },
  operation: string,
  changeable: readonly TaskStatus[],
): Selection {
  const checks = new Checks();
  const selection = request.selection ?? taskv1.TaskSelection.decode(new Uint8Array());
  const filter = selection.filter ?? taskv1.TaskFilter.decode(new Uint8Array());
  const namespace = checks.name('namespace', request.namespace, { default: 'default' });
  const isEmpty = isDeepStrictEqual(filter, taskv1.TaskFilter.decode(new Uint8Array()));
  if (selection.all) checks.require(isEmpty, 'selection.filter', 'must not be set together with all');
  else checks.require(!isEmpty, 'selection.filter', 'must set at least one field; set all to mean every task');
  const { statuses, ...wanted } = parseFilter(filter, 'selection.filter', checks);
  statuses?.forEach((status, i) => {
    const can = `can only be ${changeable.join(', ')} here`;
    checks.require(changeable.includes(status), `selection.filter.statuses[${i}]`, can);
  });
  checks.require(selection.maxTasks <= BigInt(Number.MAX_SAFE_INTEGER), 'selection.max_tasks', 'is too large');
  checks.done();
  const boundTo = [operation, namespace, filterText(filter)];
  const afterId = readPageToken(selection.resumeToken, boundTo, 'selection.resume_token');
  return {
    query: { namespace, statuses: statuses ?? changeable, ...wanted, ...(afterId !== undefined && { afterId }) },
    dryRun: selection.dryRun,
    maxTasks: Number(selection.maxTasks) || Infinity,
    boundTo,
  };
}
