import {
  CLAIM_STRATEGIES,
  TASK_STATUSES,
  WORKER_STATES,
  type Namespace,
  type RetryPolicy,
  type Task,
  type TaskType,
  type Worker,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { ERROR_CATEGORIES, ERROR_TYPES, SEVERITIES, TaskError, type TaskErrorData } from '@orrery/task-error';
import fc from 'fast-check';
import * as contracts from './index.ts';

const { dispatchv1, errorv1, flowv1, namespacev1, taskv1, workerv1 } = contracts;

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
// No JavaScript object that was assigned to has a key of this name.
const key = text.filter((name) => name !== '__proto__');
const labels = fc.dictionary(key, text, { noNullPrototype: true });
const instant = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const MAX_NANOS = 315_576_000_000_000_000_000n;
const anyDuration = fc.bigInt(-MAX_NANOS, MAX_NANOS).map((totalNanos) => Duration.from({ totalNanos }));
const duration = fc.bigInt(0n, MAX_NANOS).map((totalNanos) => Duration.from({ totalNanos }));
const uint32 = fc.nat(0x7fffffff);
const payload = fc.record({ data: fc.uint8Array(), contentType: text.filter(Boolean) });

const types = fc.array(fc.constantFrom(...ERROR_TYPES), { minLength: 1, maxLength: 3 });
const retryPolicy: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 10_000 }),
  initialDelay: duration,
  maxDelay: duration,
  multiplier: fc.double({ min: 1, max: 100, noNaN: true }),
  jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  predicate: fc.oneof(
    fc.constantFrom({ on: 'RETRYABLE_ERROR' } as const, { on: 'ANY_ERROR' } as const, { on: 'NEVER' } as const),
    types.map((names) => ({ on: 'ERROR_TYPE', types: names }) as const),
  ),
});

const taskErrorLink = fc.record(
  {
    message: text,
    errorType: fc.oneof(fc.constantFrom(...ERROR_TYPES), text),
    timestamp: instant,
    traceback: text,
    exceptionType: text,
    context: fc.dictionary(key, fc.jsonValue().filter(hasNoProto), {
      noNullPrototype: true,
    }),
    retryCount: uint32,
    maxRetries: uint32,
    isRetryable: fc.boolean(),
    severity: fc.constantFrom(...SEVERITIES),
    category: fc.constantFrom(...ERROR_CATEGORIES),
    retryAfter: duration,
  },
  { requiredKeys: ['message', 'timestamp'] },
);
const taskError: fc.Arbitrary<TaskErrorData> = fc
  .array(taskErrorLink, { minLength: 1, maxLength: 5 })
  .map((links) =>
    links.reduceRight<TaskError | undefined>((cause, link) => new TaskError({ ...link, cause }), undefined),
  )
  .map((error) => error?.toData() as TaskErrorData);

const task: fc.Arbitrary<Task> = fc.record({
  id: text,
  namespace: text,
  queue: text,
  type: text,
  params: payload,
  priority: fc.integer({ min: -1_000_000, max: 1_000_000 }),
  flowKey: text,
  status: fc.constantFrom(...TASK_STATUSES),
  runAt: instant,
  attempt: uint32,
  maxAttempts: uint32,
  retryPolicy,
  runTimeout: fc.option(duration),
  queueTimeout: fc.option(duration),
  heartbeatTimeout: fc.option(duration),
  retention: duration,
  progress: fc.option(
    fc
      .record({ percent: fc.option(fc.nat(100)), message: text })
      .filter(({ percent, message }) => percent !== null || message !== ''),
  ),
  heartbeatAt: fc.constant(null),
  labels,
  correlationId: text,
  traceparent: text,
  parentTaskId: text,
  dedupKey: text,
  typeVersion: uint32,
  workerId: text,
  leaseToken: fc.constant(null),
  leaseExpiresAt: fc.option(instant),
  cancelRequestedAt: fc.option(instant),
  result: fc.option(payload),
  error: fc.option(taskError),
  failedAttempts: fc.array(
    fc.record({ attempt: uint32, workerId: text, startedAt: instant, finishedAt: instant, error: taskError }),
    { maxLength: 3 },
  ),
  createdAt: instant,
  updatedAt: instant,
  startedAt: fc.option(instant),
  finishedAt: fc.option(instant),
  revision: fc.maxSafeNat(),
});

const worker: fc.Arbitrary<Omit<Worker, 'revision'>> = fc.record({
  id: text,
  namespace: text,
  queues: fc.array(text),
  types: fc.array(text),
  concurrency: uint32,
  hostname: text,
  processId: uint32,
  sdk: text,
  labels,
  state: fc.constantFrom(...WORKER_STATES),
  progress: fc.record({
    running: uint32,
    succeeded: fc.maxSafeNat(),
    failed: fc.maxSafeNat(),
    lastFinishAt: fc.option(instant),
  }),
  registeredAt: instant,
  heartbeatAt: instant,
});

const count = fc.integer({ min: 1, max: 1_000_000 });
const flowRate = fc.record({ count, period: count.map((millis) => Duration.ofMillis(millis)), burst: count });
const namespace: fc.Arbitrary<Namespace> = fc.record({
  name: text,
  description: text,
  strict: fc.boolean(),
  closed: fc.boolean(),
  quotas: fc.record({
    maxLiveTasks: fc.option(fc.integer({ min: 1, max: 10_000_000 })),
    maxPayloadBytes: fc.option(uint32.filter(Boolean)),
    createRate: fc.option(flowRate),
  }),
  createdAt: instant,
  updatedAt: instant,
});
const flowLimit = fc
  .record({
    namespace: fc.constant('n'),
    name: text,
    queue: text,
    type: text,
    perKey: fc.boolean(),
    maxRunning: fc.option(fc.nat(1_000_000)),
    rate: fc.option(flowRate),
  })
  .filter(({ maxRunning, rate }) => maxRunning !== null || rate !== null);

const dedupWindow = fc.oneof(
  fc.constantFrom('WHILE_ACTIVE' as const, 'FOREVER' as const),
  fc.integer({ min: 1, max: 315_360_000_000 }).map((millis) => Duration.ofMillis(millis)),
);
const taskType: fc.Arbitrary<TaskType> = fc.record({
  namespace: text,
  name: text,
  version: uint32,
  description: text,
  paramSchema: text,
  defaults: fc.record(
    {
      queue: text.filter(Boolean),
      priority: fc.integer({ min: -1_000_000, max: 1_000_000 }),
      retryPolicy,
      runTimeout: duration,
      retention: duration,
      labels: labels.filter((map) => Object.keys(map).length > 0),
      dedup: dedupWindow,
    },
    { requiredKeys: [] },
  ),
  active: fc.boolean(),
  createdAt: instant,
  updatedAt: instant,
});

describe('what is sent is what is received', () => {
  test('a task type', () => {
    check(taskType, (sent) => contracts.taskTypeFromProto(contracts.taskTypeToProto(sent)));
  });

  test('how duplicates are known', () => {
    check(fc.record({ key: text, window: dedupWindow }), (sent) =>
      contracts.dedupFromProto(contracts.dedupToProto(sent), 'dedup'),
    );
  });

  test('a duration', () => {
    check(anyDuration, (sent) => contracts.durationFromProto(contracts.durationToProto(sent), 'd'));
  });

  test('a retry policy', () => {
    check(retryPolicy, (sent) => {
      const bytes = taskv1.RetryPolicy.encode(contracts.retryPolicyToProto(sent)).finish();
      return contracts.retryPolicyFromProto(taskv1.RetryPolicy.decode(bytes), 'p');
    });
  });

  test('an error with its causes', () => {
    check(taskError, (sent) => {
      const bytes = errorv1.TaskError.encode(contracts.taskErrorToProto(sent)).finish();
      return contracts.taskErrorFromProto(errorv1.TaskError.decode(bytes), 'e');
    });
  });

  test('a task in FULL view', () => {
    check(task, (sent) => {
      const bytes = taskv1.Task.encode(contracts.taskToProto(sent, 'FULL')).finish();
      return contracts.taskFromProto(taskv1.Task.decode(bytes));
    });
  });

  test('a flow limit', () => {
    check(flowLimit, (sent) => {
      const bytes = flowv1.FlowLimit.encode(contracts.flowLimitToProto(sent)).finish();
      return contracts.flowLimitFromProto(flowv1.FlowLimit.decode(bytes), 'n', 'l');
    });
  });

  test('a namespace', () => {
    check(namespace, (sent) => {
      const bytes = namespacev1.Namespace.encode(contracts.namespaceToProto(sent)).finish();
      return contracts.namespaceFromProto(namespacev1.Namespace.decode(bytes));
    });
  });

  test('a worker', () => {
    check(worker, (sent) => {
      const health = { status: 'HEALTHY', reason: '' } as const;
      const bytes = workerv1.Worker.encode(contracts.workerToProto(sent, health)).finish();
      return contracts.workerFromProto(workerv1.Worker.decode(bytes));
    });
  });

  test('a lease, but for what a worker need not know', () => {
    const leased = fc.record({ task, leaseToken: text, leaseExpiresAt: instant });
    fc.assert(
      fc.property(leased, ({ task: unleased, leaseToken, leaseExpiresAt }) => {
        const sent = { ...unleased, leaseToken, leaseExpiresAt };
        const bytes = dispatchv1.Lease.encode(contracts.leaseToProto(sent)).finish();
        const received = contracts.leaseFromProto(dispatchv1.Lease.decode(bytes));
        expect(received).toMatchObject({ token: leaseToken, expiresAt: leaseExpiresAt });
        expect(sent).toMatchObject(received.task);
      }),
    );
  });

  test('every status, state and strategy', () => {
    for (const status of TASK_STATUSES)
      expect(contracts.statusFromProto(contracts.statusToProto(status), 's')).toBe(status);
    for (const state of WORKER_STATES)
      expect(contracts.workerStateFromProto(contracts.workerStateToProto(state), 's')).toBe(state);
    for (const strategy of CLAIM_STRATEGIES)
      expect(contracts.strategyFromProto(contracts.strategyToProto(strategy), 's')).toBe(strategy);
  });
});

function check<T>(values: fc.Arbitrary<T>, sendAndReceive: (sent: T) => unknown): void {
  fc.assert(fc.property(values, (sent) => expect(sendAndReceive(sent)).toEqual(sent)));
}

function hasNoProto(json: unknown): boolean {
  return !JSON.stringify(json).includes('__proto__');
}
