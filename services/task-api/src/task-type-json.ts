import { type Definition, type TaskType, type TaskTypeDefaults, toRetryPolicy } from '@orrery/core';
import type { Labels, RetryPolicy } from '@orrery/core';
import { Duration } from '@orrery/duration';

/** A task type as the store keeps it. Its parts come in one order, so that the same type is the same text. */
interface TaskTypeJson {
  readonly description: string;
  readonly paramSchema: string;
  readonly defaults: DefaultsJson;
}

/** Durations are as JSON has them, e.g. "1.5s". */
interface DefaultsJson {
  readonly queue?: string;
  readonly priority?: number;
  readonly retry?: Omit<RetryPolicy, 'initialDelay' | 'maxDelay'> & {
    readonly initialDelay: string;
    readonly maxDelay: string;
  };
  readonly runTimeout?: string;
  readonly retention?: string;
  readonly labels?: Labels;
  readonly dedup?: string;
}

/** What a task type says, as JSON. */
export function writeTaskType({ description, paramSchema, defaults }: Pick<TaskType, keyof TaskTypeJson>): string {
  return JSON.stringify({ description, paramSchema, defaults: writeDefaults(defaults) } satisfies TaskTypeJson);
}

/** The task type of a definition. */
export function readTaskType({ namespace, name, version, body, active, createdAt, updatedAt }: Definition): TaskType {
  const { description, paramSchema, defaults } = JSON.parse(body) as TaskTypeJson;
  const said = { description, paramSchema, defaults: readDefaults(defaults) };
  return { namespace, name, version, ...said, active, createdAt, updatedAt };
}

function writeDefaults({
  queue,
  priority,
  retryPolicy,
  runTimeout,
  retention,
  labels,
  dedup,
}: TaskTypeDefaults): DefaultsJson {
  const sorted = labels && Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(retryPolicy && { retry: writeRetry(retryPolicy) }),
    ...(runTimeout && { runTimeout: runTimeout.toJSON() }),
    ...(retention && { retention: retention.toJSON() }),
    ...(sorted && { labels: sorted }),
    ...(dedup && { dedup: typeof dedup === 'string' ? dedup : dedup.toJSON() }),
  };
}

function readDefaults({ retry, runTimeout, retention, dedup, ...rest }: DefaultsJson): TaskTypeDefaults {
  return {
    ...rest,
    ...(retry && { retryPolicy: toRetryPolicy(retry) }),
    ...(runTimeout !== undefined && { runTimeout: Duration.from(runTimeout) }),
    ...(retention !== undefined && { retention: Duration.from(retention) }),
    ...(dedup !== undefined && {
      dedup: dedup === 'WHILE_ACTIVE' || dedup === 'FOREVER' ? dedup : Duration.from(dedup),
    }),
  };
}

function writeRetry(policy: RetryPolicy): NonNullable<DefaultsJson['retry']> {
  const { maxAttempts, initialDelay, maxDelay, multiplier, jitter, predicate } = policy;
  const delays = { initialDelay: initialDelay.toJSON(), maxDelay: maxDelay.toJSON() };
  return { maxAttempts, ...delays, multiplier, jitter, predicate };
}
