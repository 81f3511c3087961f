import { Duration } from '@orrery/duration';
import { TaskError } from '@orrery/task-error';
import fc from 'fast-check';
import * as leases from './lease-commands.ts';
import { Refusal } from './refusal.ts';
import { decideRetry, EXPONENTIAL, FIXED, NO_RETRY } from './retry-policy.ts';
import { cancelTask, newTask, redriveTask, rescheduleTask } from './task-commands.ts';
import { canTransition, isTerminal } from './task-state.ts';
import { MAX_FAILED_ATTEMPTS, type Task, type TaskSpec } from './task.ts';

const start = new Date('2026-03-01T12:00:00.000Z');
const at = (seconds: number) => Duration.ofSeconds(seconds).addTo(start);
const spec: TaskSpec = {
  namespace: 'n',
  id: 'task-1',
  queue: 'q',
  type: 't',
  params: { data: Uint8Array.of(1), contentType: 'a/b' },
  priority: 0,
  flowKey: '',
  retryPolicy: EXPONENTIAL,
  runTimeout: null,
  queueTimeout: null,
  heartbeatTimeout: null,
  labels: {},
  correlationId: '',
  traceparent: '',
  parentTaskId: '',
  dedupKey: '',
  typeVersion: 0,
};
const error = TaskError.create({ message: 'broken', errorType: 'network', timestamp: start }).toData();
const lease = { workerId: 'ann', token: 'x', duration: Duration.ofSeconds(30) };
const pending = newTask(spec, start, start).task;
const running = leases.claimTask(pending, lease, at(1)).task;
const cancelling = cancelTask(running, at(2))?.task ?? running;
const result = { data: Uint8Array.of(2), contentType: 'c/d' };
const lost = expect.objectContaining({ reason: 'LEASE_LOST', metadata: { task_id: 'task-1' } });

describe('claiming', () => {
  it('begins an attempt under a lease', () => {
    const { task, event } = leases.claimTask(pending, lease, at(1));
    expect(event.kind).toBe('started');
    expect(task).toEqual({
      ...pending,
      status: 'RUNNING',
      attempt: 1,
      workerId: 'ann',
      leaseToken: 'x',
      leaseExpiresAt: at(31),
      startedAt: at(1),
      updatedAt: at(1),
      revision: 2,
    });
  });

  it('is refused before the time, and but for PENDING tasks', () => {
    const waiting = newTask(spec, at(1), start).task;
    const illegal = expect.objectContaining({ reason: 'ILLEGAL_TRANSITION' });
    expect(() => leases.claimTask(waiting, lease, new Date(at(1).getTime() - 1))).toThrow(illegal);
    expect(leases.claimTask(waiting, lease, at(1)).task.status).toBe('RUNNING');
    expect(() => leases.claimTask(running, lease, at(1))).toThrow(illegal);
  });
});

describe('completing', () => {
  it('ends the task with its result, and keeps the token so that a repetition is known', () => {
    const { task, event } = leases.completeTask(running, 'x', result, at(5));
    expect(event.kind).toBe('succeeded');
    expect(task).toMatchObject({ status: 'SUCCEEDED', result, error: null, leaseToken: 'x', leaseExpiresAt: null });
    expect([task.finishedAt, task.revision]).toEqual([at(5), 3]);
    expect(leases.repeatsCompletion(task, 'x')).toBe(true);
    expect(leases.repeatsCompletion(task, 'y')).toBe(false);
    expect(leases.repeatsCompletion(running, 'x')).toBe(false);
    expect(() => leases.completeTask(task, 'x', result, at(6))).toThrow(lost);
  });

  it('ends a task that is to be cancelled as CANCELLED, without the result', () => {
    const { task, event } = leases.completeTask(cancelling, 'x', result, at(5));
    expect(event.kind).toBe('cancelled');
    expect(task).toMatchObject({ status: 'CANCELLED', result: null, leaseToken: null, finishedAt: at(5) });
  });
});

describe('failing', () => {
  it('ends the task, or sets it PENDING for later, and remembers the attempt', () => {
    const ended = leases.failTask(running, 'x', error, { retry: false }, at(5));
    expect(ended.event.kind).toBe('failed');
    const failedAttempts = [{ attempt: 1, workerId: 'ann', startedAt: at(1), finishedAt: at(5), error }];
    expect(ended.task).toMatchObject({ status: 'FAILED', error, failedAttempts, leaseToken: null, finishedAt: at(5) });
    const again = leases.failTask(running, 'x', error, { retry: true, delay: Duration.ofSeconds(7) }, at(5));
    expect(again.event.kind).toBe('retry_scheduled');
    expect(again.task).toMatchObject({ status: 'PENDING', error, failedAttempts, runAt: at(12), attempt: 1 });
  });

  it('ends a task that is to be cancelled as CANCELLED, whatever was decided', () => {
    const { task, event } = leases.failTask(cancelling, 'x', error, { retry: true, delay: Duration.ZERO }, at(5));
    expect(event.kind).toBe('cancelled');
    expect(task).toMatchObject({ status: 'CANCELLED', error, failedAttempts: [{ attempt: 1 }], finishedAt: at(5) });
  });

  it(`remembers the last ${MAX_FAILED_ATTEMPTS} attempts`, () => {
    let task: Task = { ...pending, maxAttempts: 100 };
    for (let attempt = 1; attempt <= 30; attempt += 1) {
      const claimed = leases.claimTask(task, lease, at(attempt)).task;
      task = leases.failTask(claimed, 'x', error, { retry: true, delay: Duration.ZERO }, at(attempt)).task;
    }
    expect(task.failedAttempts.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, n) => n + 11));
  });
});

describe('releasing', () => {
  it('gives the attempt back', () => {
    const { task, event } = leases.releaseTask(running, 'x', at(5));
    expect(event).toMatchObject({ kind: 'released', attempt: 0 });
    expect(task).toMatchObject({ status: 'PENDING', attempt: 0, runAt: at(5), leaseToken: null, leaseExpiresAt: null });
  });

  it('ends a task that is to be cancelled', () => {
    expect(leases.releaseTask(cancelling, 'x', at(5)).task).toMatchObject({ status: 'CANCELLED', attempt: 1 });
  });
});

describe('extending', () => {
  it('counts from now, and is no change of revision', () => {
    const task = leases.extendLease(running, 'x', Duration.ofSeconds(60), at(5));
    expect(task).toEqual({ ...running, leaseExpiresAt: at(65), updatedAt: at(5) });
  });
});

describe('a lease that is not held', () => {
  it.each([
    ['another token', running, 'y'],
    ['a PENDING task', pending, 'x'],
    ['an ended task', leases.completeTask(running, 'x', null, at(5)).task, 'x'],
    ['a task without a lease', pending, 'null'],
  ] as const)('changes nothing: %s', (_, task, token) => {
    expect(() => leases.completeTask(task, token, null, at(6))).toThrow(lost);
    expect(() => leases.failTask(task, token, error, { retry: false }, at(6))).toThrow(lost);
    expect(() => leases.releaseTask(task, token, at(6))).toThrow(lost);
    expect(() => leases.extendLease(task, token, Duration.ofSeconds(1), at(6))).toThrow(lost);
  });
});

describe('any life of a task', () => {
  const commands = fc.constantFrom('claim', 'complete', 'fail', 'release', 'cancel', 'redrive', 'reschedule');
  const policies = fc.constantFrom(EXPONENTIAL, FIXED, NO_RETRY);

  it('keeps what must always hold', () => {
    fc.assert(
      fc.property(policies, fc.array(fc.tuple(commands, fc.nat(9)), { maxLength: 60 }), (retryPolicy, steps) => {
        let task = newTask({ ...spec, retryPolicy }, start, start).task;
        let now = start;
        for (const [command, chance] of steps) {
          now = Duration.ofSeconds(chance).addTo(now);
          const before = task;
          const change = attempt(command, chance, before, now);
          if (!change) continue;
          task = change.task;
          expect(canTransition(before.status, task.status)).toBe(true);
          expect(task.revision).toBe(before.revision + 1);
          expect(change.event).toMatchObject({ sequence: task.revision, status: task.status, at: now });
          if (isTerminal(before.status)) expect(change.event.kind).toBe('redriven');
          expect(task.attempt - before.attempt).toBe({ started: 1, released: -1 }[change.event.kind as string] ?? 0);
          expect(task.attempt).toBeLessThanOrEqual(task.maxAttempts);
          expect(task.finishedAt !== null).toBe(isTerminal(task.status));
          expect(task.leaseExpiresAt !== null).toBe(task.status === 'RUNNING');
          expect(task.leaseToken !== null).toBe(task.status === 'RUNNING' || task.status === 'SUCCEEDED');
          if (before.cancelRequestedAt) expect(['RUNNING', 'CANCELLED']).toContain(task.status);
        }
      }),
      { numRuns: 1000 },
    );
  });

  /** The change a command makes; null if it makes none or is refused. */
  function attempt(command: string, chance: number, task: Task, now: Date): leases.Change | null {
    const token = chance === 0 ? 'stale' : 'x';
    try {
      switch (command) {
        case 'claim':
          return leases.claimTask(task, lease, now);
        case 'complete':
          return leases.completeTask(task, token, result, now);
        case 'fail':
          return leases.failTask(task, token, error, decide(task, chance), now);
        case 'release':
          return leases.releaseTask(task, token, now);
        case 'cancel':
          return cancelTask(task, now);
        case 'redrive':
          return redriveTask(task, now);
        case 'reschedule':
          return rescheduleTask(task, now, now);
        default:
          return null;
      }
    } catch (refusal) {
      if (refusal instanceof Refusal) return null;
      throw refusal;
    }
  }

  function decide(task: Task, chance: number) {
    return decideRetry(task.retryPolicy, task.maxAttempts, task.attempt, error, chance / 10);
  }
});
