import { EXPONENTIAL, type Task } from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import { outcomeOf, queueToStartMillis } from './outcome.ts';
import { rejected } from './rejection.ts';
import { isComplete, toReport } from './report.ts';

const CREATED = new Date('2026-01-01T00:00:00.000Z');
const ANALYSIS = { size: 10, lines: 1, words: 2, sha256: 'a'.repeat(64), type: 'Text' };
const FACTS = {
  folder: '/x',
  seconds: 2,
  workers: 1,
  concurrency: 1,
  restarts: { server: 0, workers: 0 },
  server: null,
};

function after(millis: number): Date {
  return new Date(CREATED.getTime() + millis);
}

function task(changes: Partial<Task>): Task {
  return {
    ...{ namespace: 'default', id: 'id', queue: 'default', type: 'file.analyze', priority: 0, flowKey: '', labels: {} },
    ...{ params: { data: new Uint8Array(), contentType: 'application/json' }, retryPolicy: EXPONENTIAL },
    ...{
      runTimeout: null,
      queueTimeout: null,
      heartbeatTimeout: null,
      correlationId: '',
      traceparent: '',
      parentTaskId: '',
      dedupKey: '',
      typeVersion: 0,
      status: 'SUCCEEDED',
      runAt: CREATED,
    },
    ...{ attempt: 1, maxAttempts: 5, workerId: 'w', leaseToken: null, leaseExpiresAt: null, cancelRequestedAt: null },
    ...{ progress: null, heartbeatAt: null },
    ...{ result: null, error: null, failedAttempts: [], createdAt: CREATED, updatedAt: CREATED, revision: 3 },
    ...{ startedAt: after(5), finishedAt: after(9) },
    ...changes,
  };
}

function succeeded(result: unknown, changes: Partial<Task> = {}): Task {
  const data = new TextEncoder().encode(JSON.stringify(result));
  return task({ result: { data, contentType: 'application/json' }, ...changes });
}

const failed = (error: TaskError) => task({ status: 'FAILED', error: error.toData() });
const binary = rejected('BINARY', { message: 'it is binary', errorType: 'validation' });

test('is complete if every task ended with a result or a rejection', () => {
  const outcomes = [outcomeOf('b', failed(binary)), outcomeOf('a', succeeded(ANALYSIS))];
  const report = toReport(outcomes, [], FACTS);
  expect(report.files).toEqual([{ path: 'a', ...ANALYSIS }]);
  expect(report.failures).toMatchObject([{ path: 'b', rejected: 'BINARY', attempts: 1 }]);
  expect(report.summary).toMatchObject({ tasks: 2, analyzed: 1, rejected: 1, failed: 0, bytes: 10, tasksPerSecond: 1 });
  expect({ asExpected: isComplete(report, 2), oneMissing: isComplete(report, 3) }).toEqual({
    asExpected: true,
    oneMissing: false,
  });
});

test.each([
  ['an error of the code', failed(TaskError.fromException(new TypeError('x is undefined')))],
  ['a result that is none', succeeded({ ...ANALYSIS, sha256: 'short' })],
  ['no result', task({})],
  ['a cancellation', task({ status: 'CANCELLED' })],
])('is incomplete with %s', (_, ended) => {
  const report = toReport([outcomeOf('a', ended)], [], FACTS);
  expect({ complete: isComplete(report, 1), failed: report.summary.failed }).toEqual({ complete: false, failed: 1 });
  expect(report.failures).toMatchObject([{ path: 'a', rejected: null }]);
});

test('the wait in the queue ends with the first attempt, not the last', () => {
  const first = { attempt: 1, workerId: 'w', startedAt: after(7), finishedAt: after(8), error: binary.toData() };
  const retried = succeeded(ANALYSIS, { attempt: 2, startedAt: after(900), failedAttempts: [first] });
  expect(queueToStartMillis(retried)).toBe(7);
  expect(queueToStartMillis(task({ startedAt: null }))).toBeNull();
  expect(toReport([outcomeOf('a', retried)], [], FACTS).summary).toMatchObject({
    retried: 1,
    queueToStartMs: { p50: 7, p99: 7 },
  });
});
