import { redriveTask, rescheduleTask, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one, refusalOf } from './suite-values.ts';

/** What redriving and rescheduling must do. */
export function redriveTests(context: SuiteContext): void {
  /** A task in each status. */
  const inEachStatus = async (): Promise<Record<Task['status'], Task>> => {
    const succeeded = await context.running();
    await context.complete(leaseOf(succeeded));
    const failed = await context.running();
    await context.fail(leaseOf(failed));
    const running = await context.running();
    const cancelled = await context.createOne();
    await context.tasks.cancelTask({ namespace: context.namespace, id: cancelled });
    const pending = await context.createOne();
    await context.events();
    return {
      PENDING: await context.get(pending),
      RUNNING: running,
      SUCCEEDED: await context.get(succeeded.id),
      FAILED: await context.get(failed.id),
      CANCELLED: await context.get(cancelled),
    };
  };
  const isRefused = async (task: Task, call: Promise<Task>) => {
    const refusal = await refusalOf(call);
    expect(refusal.reason).toBe('ILLEGAL_TRANSITION');
    expect(refusal.metadata).toEqual({ task_id: task.id, from: task.status, to: 'PENDING' });
    expect(plain(await context.get(task.id))).toEqual(plain(task));
    expect(await context.events()).toEqual([]);
  };

  describe('redriving tasks', () => {
    it('sets a FAILED task PENDING as the pure command does, and it runs again', async () => {
      const { FAILED: task } = await inEachStatus();
      context.clock.advance(Duration.ofSeconds(5));
      const expected = plain(redriveTask(task, context.clock.now())?.task);
      expect(plain(await context.tasks.redriveTask(task))).toEqual(expected);
      expect(plain(await context.get(task.id))).toEqual(expected);
      expect(await context.eventKinds()).toEqual(['redriven']);

      const again = (await context.claim({ count: 10 })).find(({ id }) => id === task.id);
      expect(again?.attempt).toBe(2);
      if (again) expect((await context.complete(leaseOf(again))).status).toBe('SUCCEEDED');
    });

    it('may be done again and again', async () => {
      const { id } = await context.running();
      await context.tasks.failTasks(context.namespace, []);
      for (let round = 1; round <= 3; round += 1) {
        const task = await context.get(id);
        await context.fail(leaseOf(task));
        const redriven = await context.tasks.redriveTask(task);
        expect([redriven.attempt, redriven.maxAttempts]).toEqual([round, round + 5]);
        expect(one(await context.claim()).id).toBe(id);
      }
    });

    it('changes nothing about a PENDING task', async () => {
      const { PENDING: task } = await inEachStatus();
      expect(plain(await context.tasks.redriveTask(task))).toEqual(plain(task));
      expect(await context.events()).toEqual([]);
    });

    it('is refused for any other', async () => {
      const tasks = await inEachStatus();
      for (const task of [tasks.RUNNING, tasks.SUCCEEDED, tasks.CANCELLED])
        await isRefused(task, context.tasks.redriveTask(task));
      const unknown = { namespace: context.namespace, id: 'no-such-task' };
      expect((await refusalOf(context.tasks.redriveTask(unknown))).reason).toBe('TASK_NOT_FOUND');
    });

    it('is done once by 10 who try at once', async () => {
      const { FAILED: task } = await inEachStatus();
      const redriven = await Promise.all(Array.from({ length: 10 }, () => context.tasks.redriveTask(task)));
      expect(redriven.every(({ status }) => status === 'PENDING')).toBe(true);
      expect(await context.eventKinds()).toEqual(['redriven']);
    });
  });

  describe('rescheduling tasks', () => {
    it('moves a PENDING task as the pure command does', async () => {
      const task = await context.get(await context.createOne());
      await context.events();
      const now = context.clock.advance(Duration.ofSeconds(1));
      const runAt = Duration.ofSeconds(60).addTo(now);
      const expected = plain(rescheduleTask(task, runAt, now).task);
      expect(plain(await context.tasks.rescheduleTask(task, runAt))).toEqual(expected);
      expect(plain(await context.get(task.id))).toEqual(expected);
      expect(await context.eventKinds()).toEqual(['rescheduled']);
    });

    it('takes a ready task out of reach until its time has come', async () => {
      const id = await context.createOne();
      const runAt = Duration.ofSeconds(60).addTo(context.clock.now());
      await context.tasks.rescheduleTask({ namespace: context.namespace, id }, runAt);
      expect(await context.claim()).toEqual([]);
      context.clock.set(runAt);
      await context.promote();
      expect(one(await context.claim()).id).toBe(id);
    });

    it('makes a waiting task ready when its time is moved to now', async () => {
      const id = await context.createOne({ due: Duration.ofSeconds(60) });
      await context.tasks.rescheduleTask({ namespace: context.namespace, id }, context.clock.now());
      expect(one(await context.claim()).id).toBe(id);
    });

    it('is refused for any other', async () => {
      const tasks = await inEachStatus();
      const now = context.clock.now();
      for (const task of [tasks.RUNNING, tasks.SUCCEEDED, tasks.FAILED, tasks.CANCELLED])
        await isRefused(task, context.tasks.rescheduleTask(task, now));
      const unknown = { namespace: context.namespace, id: 'no-such-task' };
      expect((await refusalOf(context.tasks.rescheduleTask(unknown, now))).reason).toBe('TASK_NOT_FOUND');
    });
  });
}
