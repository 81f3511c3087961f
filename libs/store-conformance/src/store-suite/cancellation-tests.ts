import { cancelTask, taskCancelled } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, NO_MORE, RETRY_NOW, leaseOf, one, payload, refusalOf, taskError } from './suite-values.ts';

/** What cancelling must do, in every state of a task. */
export function cancellationTests(context: SuiteContext): void {
  describe('A7: cancelling tasks', () => {
    const cancel = (id: string) => context.tasks.cancelTask({ namespace: context.namespace, id });

    it('ends a PENDING task as the pure command does', async () => {
      const task = await context.get(await context.createOne());
      context.clock.advance(Duration.ofSeconds(1));
      const expected = plain(cancelTask(task, context.clock.now())?.task);
      expect(plain(await cancel(task.id))).toEqual(expected);
      expect(plain(await context.get(task.id))).toEqual(expected);
      expect(await context.claim()).toEqual([]);
    });

    it('ends a PENDING task whose time has not come', async () => {
      const id = await context.createOne({ due: Duration.ofSeconds(60) });
      expect((await cancel(id)).status).toBe('CANCELLED');
      context.clock.advance(Duration.ofSeconds(60));
      await context.promote();
      expect(await context.claim()).toEqual([]);
    });

    it('notes the request on a RUNNING task as the pure command does', async () => {
      const task = await context.running();
      context.clock.advance(Duration.ofSeconds(1));
      const expected = plain(cancelTask(task, context.clock.now())?.task);
      expect(plain(await cancel(task.id))).toEqual(expected);
      expect(plain(await context.get(task.id))).toEqual(expected);
    });

    it('changes nothing the second time', async () => {
      const [pending] = await context.create({ queue: 'idle' });
      const running = await context.running();
      for (const id of [pending ?? '', running.id]) {
        const first = await cancel(id);
        await context.events();
        context.clock.advance(Duration.ofSeconds(1));
        expect(plain(await cancel(id))).toEqual(plain(first));
        expect(await context.events()).toEqual([]);
      }
    });

    it('is refused once the task has succeeded or failed', async () => {
      for (const status of ['SUCCEEDED', 'FAILED'] as const) {
        const task = await context.running();
        if (status === 'FAILED') await context.fail(leaseOf(task));
        else await context.complete(leaseOf(task));
        const before = await context.get(task.id);
        await context.events();
        const refusal = await refusalOf(cancel(task.id));
        expect(refusal.reason).toBe('ILLEGAL_TRANSITION');
        expect(refusal.metadata).toEqual({ task_id: task.id, from: status, to: 'CANCELLED' });
        expect(plain(await context.get(task.id))).toEqual(plain(before));
        expect(await context.events()).toEqual([]);
      }
    });

    it('is refused for a task that there is not', async () => {
      const refusal = await refusalOf(cancel('no-such-task'));
      expect(refusal.reason).toBe('TASK_NOT_FOUND');
      expect(refusal.metadata).toEqual({ namespace: context.namespace, task_id: 'no-such-task' });
    });
  });

  describe('a RUNNING task that is to be cancelled', () => {
    const cancelling = async () => {
      const task = await context.running();
      const asked = await context.tasks.cancelTask(task);
      context.clock.advance(Duration.ofSeconds(1));
      return asked;
    };

    it('is among the cancel requests, until it has ended', async () => {
      const others = [await context.running(), await context.running()];
      const task = await cancelling();
      const keys = [...others, task].map(({ namespace, id }) => ({ namespace, id }));
      const asked = async () => plain(await context.tasks.listCancelRequests(keys));
      expect(await asked()).toEqual(plain([task]));
      expect(await context.tasks.listCancelRequests(keys.slice(0, 2))).toEqual([]);
      expect(await context.tasks.listCancelRequests([])).toEqual([]);
      expect(await context.tasks.listCancelRequests([{ namespace: 'other', id: task.id }])).toEqual([]);
      await context.complete(leaseOf(task));
      expect(await asked()).toEqual([]);
    });

    it('never completes: it ends CANCELLED, and the worker is told', async () => {
      const task = await cancelling();
      const outcome = await context.complete(leaseOf(task), payload('1'));
      expect(plain(outcome)).toEqual(plain({ taskId: task.id, status: null, refusal: taskCancelled(task.id) }));
      const ended = await context.get(task.id);
      expect(ended).toMatchObject({ status: 'CANCELLED', result: null, leaseToken: null, leaseExpiresAt: null });
      expect(ended.finishedAt).toEqual(context.clock.now());
      expect(await context.eventKinds()).toEqual(['created', 'started', 'cancel_requested', 'cancelled']);
      expect((await context.complete(leaseOf(task))).refusal?.reason).toBe('LEASE_LOST');
    });

    it.each([
      ['NO_MORE', NO_MORE],
      ['RETRY_NOW', RETRY_NOW],
    ] as const)('ends CANCELLED when it fails (%s), with the error on record', async (_, decision) => {
      const task = await cancelling();
      const outcome = await context.fail(leaseOf(task), decision, taskError('aborted'));
      expect(outcome).toEqual({ taskId: task.id, status: 'CANCELLED', refusal: null });
      const ended = await context.get(task.id);
      expect(ended).toMatchObject({ status: 'CANCELLED', leaseToken: null, leaseExpiresAt: null });
      expect(ended.error?.message).toBe('aborted');
      expect(ended.failedAttempts).toHaveLength(1);
      expect(await context.claim()).toEqual([]);
    });

    it('ends CANCELLED when it is handed back', async () => {
      const task = await cancelling();
      expect(await context.release(leaseOf(task))).toEqual({ taskId: task.id, status: 'CANCELLED', refusal: null });
      expect(await context.get(task.id)).toMatchObject({ status: 'CANCELLED', attempt: 1 });
      expect(await context.claim()).toEqual([]);
    });

    it('ends CANCELLED when its lease runs out', async () => {
      const task = await cancelling();
      context.clock.advance(LEASE);
      const seen = one(await context.expired());
      const failure = {
        lease: leaseOf(seen),
        error: taskError(),
        decision: RETRY_NOW,
        ifExpiresAt: seen.leaseExpiresAt,
      };
      const [outcome] = await context.tasks.failTasks(context.namespace, [failure]);
      expect(outcome).toEqual({ taskId: task.id, status: 'CANCELLED', refusal: null });
      expect((await context.get(task.id)).status).toBe('CANCELLED');
    });

    it('ends as one thing or the other when it is completed meanwhile', async () => {
      for (let round = 0; round < 20; round += 1) {
        const task = await context.running();
        const [cancelled, completed] = await Promise.allSettled([
          context.tasks.cancelTask(task),
          context.complete(leaseOf(task)),
        ]);
        const { status } = await context.get(task.id);
        const wasCancelled = cancelled.status === 'fulfilled';
        expect(status).toBe(wasCancelled ? 'CANCELLED' : 'SUCCEEDED');
        if (completed.status === 'fulfilled')
          expect(completed.value.refusal?.reason).toBe(wasCancelled ? 'TASK_CANCELLED' : undefined);
      }
    });
  });
}
