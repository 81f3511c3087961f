import { completeTask } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one, payload, taskError } from './suite-values.ts';

/** What completing attempts must do. */
export function completionTests(context: SuiteContext): void {
  describe('completing tasks', () => {
    it('changes a task as the pure command does', async () => {
      const task = await context.running();
      context.clock.advance(Duration.ofSeconds(2));
      const result = payload('{"sent":true}');
      const outcome = await context.complete(leaseOf(task), result);
      expect(outcome).toEqual({ taskId: task.id, status: 'SUCCEEDED', refusal: null });
      const expected = completeTask(task, leaseOf(task).token, result, context.clock.now()).task;
      expect(plain(await context.get(task.id))).toEqual(plain(expected));
    });

    it('tells no result from an empty one', async () => {
      const [first, second] = (await context.createMany(2)).length ? await context.claim({ count: 2 }) : [];
      if (!first || !second) throw new Error('two tasks were expected');
      await context.complete(leaseOf(first), null);
      await context.complete(leaseOf(second), { data: new Uint8Array(), contentType: '' });
      expect((await context.get(first.id)).result).toBeNull();
      expect(plain((await context.get(second.id)).result)).toEqual({ data: '', contentType: '' });
    });

    it('accepts a repetition with the same token, and changes nothing', async () => {
      const task = await context.running();
      await context.complete(leaseOf(task), payload('1'));
      const before = await context.get(task.id);
      await context.events();
      context.clock.advance(Duration.ofSeconds(5));
      const again = await context.complete(leaseOf(task), payload('2'));
      expect(again).toEqual({ taskId: task.id, status: 'SUCCEEDED', refusal: null });
      expect(plain(await context.get(task.id))).toEqual(plain(before));
      expect(await context.events()).toEqual([]);
    });

    it('refuses a repetition with another token', async () => {
      const task = await context.running();
      await context.complete(leaseOf(task));
      const outcome = await context.complete({ taskId: task.id, token: '00000000-0000-4000-8000-000000000000' });
      expect(outcome.refusal?.reason).toBe('LEASE_LOST');
    });

    it('takes the first of two completions in one call, and accepts both', async () => {
      const task = await context.running();
      const [first, second] = ['"first"', '"second"'].map((text) => ({ lease: leaseOf(task), result: payload(text) }));
      if (!first || !second) throw new Error('two completions were expected');
      const outcomes = await context.tasks.completeTasks(context.namespace, [first, second]);
      expect(outcomes.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
      expect(plain((await context.get(task.id)).result)).toEqual(plain(payload('"first"')));
      expect(await context.eventKinds()).toEqual(['created', 'started', 'succeeded']);
    });

    it('accepts only one outcome of 20 that are reported at once', async () => {
      const task = await context.running();
      const reports = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? context.complete(leaseOf(task), payload(`${index}`)) : context.fail(leaseOf(task)),
      );
      const statuses = (await Promise.all(reports)).map(({ status }) => status);
      const final = await context.get(task.id);
      const accepted = statuses.filter((status) => status !== null);
      // A completion may be repeated; nothing else may be said twice.
      expect(new Set(accepted)).toEqual(new Set([final.status]));
      expect(accepted).toHaveLength(final.status === 'SUCCEEDED' ? 10 : 1);
      expect(await context.events()).toHaveLength(3);
    });

    it('answers a mixed call in order, each item for itself', async () => {
      await context.createMany(3);
      const tasks = await context.claim({ count: 3 });
      const leases = tasks.map(leaseOf);
      const [first, second, third] = leases;
      if (!first || !second || !third) throw new Error('three leases were expected');
      await context.tasks.cancelTask({ namespace: context.namespace, id: second.taskId });
      const unknown = { taskId: 'no-such-task', token: first.token };
      const wrong = { taskId: third.taskId, token: '00000000-0000-4000-8000-000000000000' };
      const calls = [third, unknown, second, wrong, first].map((lease) => ({ lease, result: null }));
      const outcomes = await context.tasks.completeTasks(context.namespace, calls);
      expect(outcomes.map(({ taskId }) => taskId)).toEqual(calls.map(({ lease }) => lease.taskId));
      expect(outcomes.map(({ status, refusal }) => status ?? refusal?.reason)).toEqual([
        'SUCCEEDED',
        'LEASE_LOST',
        'TASK_CANCELLED',
        'LEASE_LOST',
        'SUCCEEDED',
      ]);
    });

    it('takes 1,000 at once', async () => {
      await context.createMany(1000);
      const tasks = await context.claim({ count: 1000 });
      const completions = tasks.map((task) => ({ lease: leaseOf(task), result: payload(`"${task.id}"`) }));
      const outcomes = await context.tasks.completeTasks(context.namespace, completions);
      expect(outcomes.every(({ status }) => status === 'SUCCEEDED')).toBe(true);
      expect(outcomes.map(({ taskId }) => taskId)).toEqual(tasks.map(({ id }) => id));
      for (const task of await context.list())
        expect(Buffer.from(task.result?.data ?? []).toString()).toBe(`"${task.id}"`);
    });

    it('takes nothing at all', async () => {
      expect(await context.tasks.completeTasks(context.namespace, [])).toEqual([]);
      expect(await context.tasks.failTasks(context.namespace, [])).toEqual([]);
      expect(await context.tasks.releaseTasks(context.namespace, [])).toEqual([]);
      expect(await context.tasks.extendLeases(context.namespace, [], Duration.ofSeconds(1))).toEqual([]);
    });

    it('clears the error of the attempts before, and remembers them', async () => {
      const task = await context.running();
      await context.fail(leaseOf(task), { retry: true, delay: Duration.ZERO }, taskError('first try'));
      const again = one(await context.claim());
      await context.complete(leaseOf(again));
      const final = await context.get(task.id);
      expect(final.error).toBeNull();
      expect(final.failedAttempts.map(({ error }) => error.message)).toEqual(['first try']);
    });
  });
}
