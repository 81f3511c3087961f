import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** The columns of `task`, which `finished_task` has too but for `ready`. */
export function taskColumns(dialect: Dialect) {
  const { name, instant, json, bytes, text, integer } = columns(dialect);
  return {
    namespace: name().primary(),
    id: name().primary(),
    queue: name(),
    type: name(),
    params: bytes(),
    paramsType: text(),
    priority: integer(),
    /** The flow key; null: none. */
    flowKey: name().nullable(),
    /** What few tasks have and no statement looks into, as JSON; null: nothing of it. See task-options.ts. */
    options: text().nullable(),
    /** A JSON object; null: none. */
    labels: json().nullable(),
    correlationId: text(),
    traceparent: text(),
    parentTaskId: text(),
    status: text(),
    runAt: instant(),
    attempt: integer(),
    maxAttempts: integer(),
    workerId: text(),
    leaseToken: text().nullable(),
    leaseExpiresAt: instant().nullable(),
    cancelRequestedAt: instant().nullable(),
    /** A JSON array: percent or null, message; null: nothing was said. */
    progress: text().nullable(),
    heartbeatAt: instant().nullable(),
    result: bytes().nullable(),
    resultType: text().nullable(),
    /** A TaskError in its JSON form. */
    error: text().nullable(),
    /** A JSON array of failed attempts, oldest first; null: none. */
    failedAttempts: json().nullable(),
    createdAt: instant(),
    updatedAt: instant(),
    startedAt: instant().nullable(),
    finishedAt: instant().nullable(),
    revision: integer(),
  };
}
