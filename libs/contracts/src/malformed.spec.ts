import { EXPONENTIAL, Refusal } from '@orrery/core';
import { Duration } from '@orrery/duration';
import * as contracts from './index.ts';

const { dispatchv1, errorv1, taskv1, workerv1 } = contracts;
const nothing = new Uint8Array(0);

function expectRefused(read: () => unknown, field: string): void {
  expect(read).toThrow(Refusal);
  try {
    read();
  } catch (refusal) {
    expect(refusal).toMatchObject({ reason: 'INVALID_FIELD', violations: [{ field }] });
  }
}

describe('durations', () => {
  test.each([
    [1n, -1],
    [-1n, 1],
    [0n, 1_000_000_000],
    [0n, -1_000_000_000],
    [315_576_000_001n, 0],
    [-315_576_000_001n, 0],
    [315_576_000_000n, 1],
    [2n ** 63n - 1n, 0],
  ])('refuses %s s and %s ns', (seconds, nanos) => {
    expectRefused(() => contracts.durationFromProto({ seconds, nanos }, 'a.b'), 'a.b');
  });

  test('are null where there is none', () => {
    expect(contracts.durationFromProto(undefined, 'a')).toBeNull();
  });
});

describe('times', () => {
  test.each([NaN, Date.parse('0001-01-01T00:00:00Z') - 1, Date.parse('9999-12-31T23:59:59.999Z') + 1])(
    'refuses %s',
    (millis) => expectRefused(() => contracts.timeFromProto(new Date(millis), 't'), 't'),
  );
});

describe('retry policies', () => {
  const unset = taskv1.RetryPolicy.decode(nothing);

  test('are EXPONENTIAL where nothing is set', () => {
    expect(contracts.retryPolicyFromProto(undefined, 'p')).toEqual(EXPONENTIAL);
    expect(contracts.retryPolicyFromProto(unset, 'p')).toEqual(EXPONENTIAL);
  });

  test.each([
    ['max_attempts', { maxAttempts: 10_001 }],
    ['initial_delay', { initialDelay: { seconds: -1n, nanos: 0 } }],
    ['max_delay', { maxDelay: { seconds: 1n, nanos: -1 } }],
    ['multiplier', { multiplier: 0.5 }],
    ['multiplier', { multiplier: NaN }],
    ['multiplier', { multiplier: 101 }],
    ['jitter', { jitter: -0.1 }],
    ['jitter', { jitter: 1.1 }],
    ['jitter', { jitter: NaN }],
    ['predicate', { predicate: taskv1.RetryPredicate.UNRECOGNIZED }],
    ['error_types', { predicate: taskv1.RetryPredicate.ON_ERROR_TYPE }],
    ['error_types[0]', { predicate: taskv1.RetryPredicate.ON_ERROR_TYPE, errorTypes: ['a\0b'] }],
  ])('refuse a bad %s: %j', (field, wrong) => {
    expectRefused(
      () => contracts.retryPolicyFromProto({ ...unset, ...wrong }, 'task.retry_policy'),
      `task.retry_policy.${field}`,
    );
  });

  test('take no jitter for what it is', () => {
    expect(contracts.retryPolicyFromProto({ ...unset, jitter: 0 }, 'p').jitter).toBe(0);
  });
});

describe('errors', () => {
  const unset = errorv1.TaskError.decode(nothing);
  const now = new Date('2026-01-02T03:04:05Z');

  test('take the documented defaults', () => {
    expect(contracts.taskErrorFromProto(unset, 'e', now)).toEqual({
      errorType: 'unknown',
      message: '',
      timestamp: now,
      context: {},
      retryCount: 0,
      isRetryable: false,
      severity: 'error',
      category: 'unknown',
    });
    expect(contracts.taskErrorFromProto({ ...unset, errorType: 'network' }, 'e', now)).toMatchObject({
      isRetryable: true,
      category: 'external',
    });
  });

  test('name the field of a cause', () => {
    const cause = { ...unset, retryAfter: { seconds: 1n, nanos: -1 } };
    expectRefused(
      () => contracts.taskErrorFromProto({ ...unset, cause }, 'failures[0].error', now),
      'failures[0].error.cause.retry_after',
    );
  });

  test('refuse a count that is none', () => {
    expectRefused(() => contracts.taskErrorFromProto({ ...unset, retryCount: 4_294_967_295 }, 'e', now), 'e');
  });
});

describe('enums', () => {
  test('refuse what is unknown or unset', () => {
    expectRefused(() => contracts.statusFromProto(taskv1.TaskStatus.UNSPECIFIED, 's'), 's');
    expectRefused(() => contracts.strategyFromProto(dispatchv1.ClaimStrategy.UNRECOGNIZED, 's'), 's');
    expectRefused(() => contracts.workerStateFromProto(workerv1.WorkerState.UNSPECIFIED, 's'), 's');
  });

  test('take an unset strategy for PRIORITY', () => {
    expect(contracts.strategyFromProto(dispatchv1.ClaimStrategy.UNSPECIFIED, 's')).toBe('PRIORITY');
  });
});

describe('tasks and workers', () => {
  test('BASIC leaves out params, result and failed attempts', () => {
    const full = contracts.taskFromProto({
      ...taskv1.Task.decode(nothing),
      params: { data: new Uint8Array([1]), contentType: '' },
      result: { data: new Uint8Array([2]), contentType: 'text/plain' },
      status: taskv1.TaskStatus.SUCCEEDED,
      runTime: new Date(0),
      createTime: new Date(0),
      updateTime: new Date(0),
    });
    expect(full.params).toEqual({ data: new Uint8Array([1]), contentType: 'application/json' });
    const basic = contracts.taskToProto(full, 'BASIC');
    expect(basic).toMatchObject({ params: undefined, result: undefined, failedAttempts: [] });
  });

  test('a lease without an end is refused', () => {
    expectRefused(() => contracts.leaseFromProto(dispatchv1.Lease.decode(nothing)), 'lease.expire_time');
  });

  test('counts no number can hold are refused', () => {
    const progress = { ...workerv1.WorkerProgress.decode(nothing), succeeded: 2n ** 60n };
    expectRefused(() => contracts.workerProgressFromProto(progress, 'progress'), 'progress.succeeded');
  });

  test('durations survive', () => {
    expect(contracts.durationFromProto({ seconds: 1n, nanos: 500_000_000 }, 'd')).toEqual(Duration.ofSeconds(1.5));
  });
});
