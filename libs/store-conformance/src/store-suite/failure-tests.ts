import { failTask, MAX_FAILED_ATTEMPTS, releaseTask } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { TaskError } from '@orrery/task-error';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { NO_MORE, RETRY_NOW, leaseOf, one, taskError } from './suite-values.ts';

/** What failing and releasing attempts must do. */
export function failureTests(context: SuiteContext): void {
  describe('failing tasks', () => {
    it.each([
      ['for good', NO_MORE],
      ['with another attempt at once', RETRY_NOW],
      ['with another attempt later', { retry: true, delay: Duration.ofMillis(1500) }],
    ] as const)('changes a task as the pure command does: %s', async (_, decision) => {
      const task = await context.running();
      context.clock.advance(Duration.ofSeconds(2));
      const outcome = await context.fail(leaseOf(task), decision, taskError());
      const { token } = leaseOf(task);
      const expected = failTask(task, token, taskError(), decision, context.clock.now()).task;
      expect(outcome).toEqual({ taskId: task.id, status: expected.status, refusal: null });
      expect(plain(await context.get(task.id))).toEqual(plain(expected));
    });

    it('keeps every field of an error and its causes', async () => {
      const task = await context.running();
      const cause = TaskError.create({ message: 'disk 💾 full', errorType: 'resource', context: { free: 0 } });
      const error = TaskError.create({
        message: 'could not write "ü"\nline 2',
        errorType: 'my.own.type',
        timestamp: new Date('2026-02-03T04:05:06.789Z'),
        traceback: 'at here\nat there',
        exceptionType: 'DiskError',
        context: { path: "/tmp/o'clock", nested: { list: [1, 2.5, null, true] } },
        retryCount: 3,
        maxRetries: 7,
        isRetryable: true,
        severity: 'critical',
        category: 'external',
        cause,
        retryAfter: Duration.ofMillis(2500),
      });
      await context.fail(leaseOf(task), NO_MORE, error.toData());
      const failed = await context.get(task.id);
      expect(plain(failed.error)).toEqual(error.toJSON());
      expect(plain(failed.failedAttempts[0]?.error)).toEqual(error.toJSON());
    });

    it('makes a retry due by its own clock', async () => {
      const task = await context.running();
      await context.fail(leaseOf(task), { retry: true, delay: Duration.ofSeconds(5) });
      context.clock.advance(Duration.ofMillis(4999));
      await context.promote();
      expect(await context.claim()).toEqual([]);
      context.clock.advance(Duration.ofMillis(1));
      await context.promote();
      const again = one(await context.claim());
      expect([again.id, again.attempt]).toEqual([task.id, 2]);
    });

    it('needs no promotion for a retry at once', async () => {
      const task = await context.running();
      await context.fail(leaseOf(task), RETRY_NOW);
      expect(one(await context.claim()).id).toBe(task.id);
    });

    it(`remembers the last ${MAX_FAILED_ATTEMPTS} failed attempts`, async () => {
      await context.create({});
      for (let attempt = 1; attempt <= MAX_FAILED_ATTEMPTS + 3; attempt += 1) {
        const task = one(await context.claim({ slots: [`worker-${attempt}`] }));
        await context.fail(leaseOf(task), RETRY_NOW, taskError(`try ${attempt}`));
      }
      const task = one(await context.list());
      const attempts = Array.from({ length: MAX_FAILED_ATTEMPTS }, (_, index) => index + 4);
      expect(task.failedAttempts.map(({ attempt }) => attempt)).toEqual(attempts);
      expect(task.failedAttempts.map(({ workerId }) => workerId)).toEqual(attempts.map((n) => `worker-${n}`));
      expect(task.failedAttempts.map(({ error }) => error.message)).toEqual(attempts.map((n) => `try ${n}`));
    });

    it('answers a mixed call in order, each with its own decision', async () => {
      await context.createMany(4);
      const leases = (await context.claim({ count: 4 })).map(leaseOf);
      const decisions = [NO_MORE, RETRY_NOW, { retry: true, delay: Duration.ofSeconds(9) }, NO_MORE] as const;
      const failures = decisions.map((decision, index) => ({
        lease: leases[index] ?? { taskId: '', token: '' },
        error: taskError(`error ${index}`),
        decision,
        ifExpiresAt: null,
      }));
      const [first, ...others] = failures;
      if (!first) throw new Error('failures were expected');
      const all = [...others.reverse(), first, first];
      const outcomes = await context.tasks.failTasks(context.namespace, all);
      expect(outcomes.map(({ taskId }) => taskId)).toEqual(all.map(({ lease }) => lease.taskId));
      expect(outcomes.map(({ status, refusal }) => status ?? refusal?.reason)).toEqual([
        'FAILED',
        'PENDING',
        'PENDING',
        'FAILED',
        'LEASE_LOST',
      ]);
      for (const [index, { lease }] of failures.entries())
        expect((await context.get(lease.taskId)).error?.message).toBe(`error ${index}`);
    });
  });

  describe('releasing tasks', () => {
    it('changes a task as the pure command does: the attempt is given back', async () => {
      const task = await context.running();
      context.clock.advance(Duration.ofSeconds(2));
      expect(await context.release(leaseOf(task))).toEqual({ taskId: task.id, status: 'PENDING', refusal: null });
      const expected = releaseTask(task, leaseOf(task).token, context.clock.now()).task;
      expect(plain(await context.get(task.id))).toEqual(plain(expected));
    });

    it('lets the task be claimed at once, as the same attempt', async () => {
      const task = await context.running();
      await context.release(leaseOf(task));
      const again = one(await context.claim({ slots: ['worker-2'] }));
      expect([again.id, again.attempt, again.workerId]).toEqual([task.id, 1, 'worker-2']);
    });

    it('accepts a lease once', async () => {
      const task = await context.running();
      const outcomes = await context.tasks.releaseTasks(context.namespace, [leaseOf(task), leaseOf(task)]);
      expect(outcomes.map(({ status, refusal }) => status ?? refusal?.reason)).toEqual(['PENDING', 'LEASE_LOST']);
      expect((await context.get(task.id)).attempt).toBe(0);
    });
  });
}
