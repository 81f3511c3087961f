import { statusToProto, taskFromProto, taskv1 } from '@orrery/contracts';
import type { Labels, Task, TaskStatus } from '@orrery/core';
import type { Connection } from './connect.ts';

/** Which tasks: those that match everything that is given. */
export interface TaskFilter {
  readonly statuses?: readonly TaskStatus[];
  readonly queues?: readonly string[];
  /** A name that ends in ".*" stands for every type below it. */
  readonly types?: readonly string[];
  readonly labels?: Labels;
  readonly correlationId?: string;
  readonly parentTaskId?: string;
  /** Created at or after this time. */
  readonly createdFrom?: Date;
  /** Created before this time. */
  readonly createdBefore?: Date;
}

/** Which tasks, and how they are listed. */
export interface TaskQuery extends TaskFilter {
  /** True: with params, results and failed attempts. Default: without. */
  readonly full?: boolean;
  /** How many a page. Default 50, at most 1,000. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/** Some of the tasks, and how to get the next ones. */
export interface TaskPage {
  readonly tasks: readonly Task[];
  /** Absent: this was the last page. */
  readonly nextPageToken?: string;
}

/** One page of tasks, newest first. */
export async function listPage(connection: Connection, query: TaskQuery, pageToken = ''): Promise<TaskPage> {
  const request = {
    namespace: connection.settings.namespace,
    filter: toFilter(query),
    pageSize: query.pageSize ?? 0,
    pageToken,
    view: query.full ? taskv1.TaskView.FULL : taskv1.TaskView.BASIC,
  };
  const reply = await connection.call((options) => connection.stub.listTasks(request, options), query.signal);
  const { nextPageToken } = reply;
  return { tasks: reply.tasks.map((task) => taskFromProto(task)), ...(nextPageToken && { nextPageToken }) };
}

/** All tasks that match, page after page as they are asked for. */
export async function* listTasks(connection: Connection, query: TaskQuery): AsyncGenerator<Task> {
  for (let token: string | undefined = ''; token !== undefined;) {
    const page: TaskPage = await listPage(connection, query, token);
    yield* page.tasks;
    token = page.nextPageToken;
  }
}

/** The filter as the wire carries it. */
export function toFilter(query: TaskFilter): taskv1.TaskFilter {
  return {
    statuses: (query.statuses ?? []).map((status) => statusToProto(status)),
    queues: [...(query.queues ?? [])],
    types: [...(query.types ?? [])],
    labels: { ...query.labels },
    correlationId: query.correlationId ?? '',
    createTimeFrom: query.createdFrom,
    createTimeBefore: query.createdBefore,
    parentTaskId: query.parentTaskId ?? '',
  };
}
