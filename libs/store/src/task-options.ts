import { EXPONENTIAL, type RetryPolicy, type TaskSpec } from '@orrery/core';
import { Duration } from '@orrery/duration';

/** What few tasks have, and statements look into only where there is something. It shares one column, so that a task pays for none of it that it does not use. */
export type TaskOptions = Pick<
  TaskSpec,
  | 'retryPolicy'
  | 'runTimeout'
  | 'queueTimeout'
  | 'heartbeatTimeout'
  | 'retention'
  | 'dedupKey'
  | 'scheduleId'
  | 'typeVersion'
>;

/** The column `options`; what is as it is by default is left out. Durations are as JSON has them, e.g. "1.5s". */
interface TaskOptionsJson {
  readonly retry?: RetryPolicyJson;
  readonly runTimeout?: string;
  readonly queueTimeout?: string;
  readonly heartbeatTimeout?: string;
  /** Statements look for it; see own-retention.ts. */
  readonly retention?: string;
  readonly schedule?: string;
  readonly dedupKey?: string;
  readonly typeVersion?: number;
}

type RetryPolicyJson = Omit<RetryPolicy, 'initialDelay' | 'maxDelay'> & {
  readonly initialDelay: string;
  readonly maxDelay: string;
};

const DEFAULTS: TaskOptions = Object.freeze({
  retryPolicy: EXPONENTIAL,
  runTimeout: null,
  queueTimeout: null,
  heartbeatTimeout: null,
  dedupKey: '',
  typeVersion: 0,
});

/** The column `options`; null if everything is as it is by default. */
export function writeTaskOptions(options: TaskOptions): string | null {
  const retry = retryJson(options.retryPolicy);
  const { runTimeout, queueTimeout, heartbeatTimeout, retention, dedupKey, typeVersion, scheduleId } = options;
  const isPlain = !retry && !runTimeout && !queueTimeout && !heartbeatTimeout && !retention && !scheduleId;
  if (isPlain && dedupKey === '' && typeVersion === 0) return null;
  const json: TaskOptionsJson = {
    ...(retry && { retry }),
    ...(runTimeout && { runTimeout: runTimeout.toJSON() }),
    ...(queueTimeout && { queueTimeout: queueTimeout.toJSON() }),
    ...(heartbeatTimeout && { heartbeatTimeout: heartbeatTimeout.toJSON() }),
    ...(retention && { retention: retention.toJSON() }),
    ...(dedupKey !== '' && { dedupKey }),
    ...(typeVersion !== 0 && { typeVersion }),
    ...(scheduleId && { schedule: scheduleId }),
  };
  return JSON.stringify(json);
}

/** Reads the column `options`. */
export function readTaskOptions(text: string | null): TaskOptions {
  if (text === null) return DEFAULTS;
  const {
    retry,
    runTimeout,
    queueTimeout,
    heartbeatTimeout,
    retention,
    dedupKey = '',
    typeVersion = 0,
    schedule,
  } = JSON.parse(text) as TaskOptionsJson;
  return {
    retryPolicy: retry ? readRetry(retry) : EXPONENTIAL,
    runTimeout: readDuration(runTimeout),
    queueTimeout: readDuration(queueTimeout),
    heartbeatTimeout: readDuration(heartbeatTimeout),
    dedupKey,
    typeVersion,
    ...(retention !== undefined && { retention: Duration.from(retention) }),
    ...(schedule !== undefined && { scheduleId: schedule }),
  };
}

function retryJson(policy: RetryPolicy): RetryPolicyJson | null {
  if (policy === EXPONENTIAL) return null;
  const json = policyJson(policy);
  return JSON.stringify(json) === EXPONENTIAL_JSON ? null : json;
}

/** A retry policy as JSON. */
export function policyJson(policy: RetryPolicy): RetryPolicyJson {
  const { maxAttempts, initialDelay, maxDelay, multiplier, jitter, predicate } = policy;
  return {
    maxAttempts,
    initialDelay: initialDelay.toJSON(),
    maxDelay: maxDelay.toJSON(),
    multiplier,
    jitter,
    predicate,
  };
}

const EXPONENTIAL_JSON = JSON.stringify(policyJson(EXPONENTIAL));

function readRetry(json: RetryPolicyJson): RetryPolicy {
  return { ...json, initialDelay: Duration.from(json.initialDelay), maxDelay: Duration.from(json.maxDelay) };
}

function readDuration(text: string | undefined): Duration | null {
  return text === undefined ? null : Duration.from(text);
}
