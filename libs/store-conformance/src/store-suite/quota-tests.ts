import type { CreateTasks, CreationQuota } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext, TaskWish } from './suite-context.ts';
import { leaseOf, one, refusalOf } from './suite-values.ts';

/** What the quotas of a namespace must do to creating tasks. */
export function quotaTests(context: SuiteContext): void {
  describe('quotas of a namespace', () => {
    const quota = (fields: Partial<CreationQuota>): CreationQuota => ({
      maxLiveTasks: null,
      createRate: null,
      ...fields,
    });
    const create = (of: CreationQuota, wishes: readonly TaskWish[], request: CreateTasks['request'] = null) =>
      context.tasks.createTasks({ ...context.creation(wishes, request), quota: of });
    const some = (count: number): readonly TaskWish[] => Array.from({ length: count }, () => ({}));

    it('let in as many live tasks as there may be, and refuse more as a whole', async () => {
      const five = quota({ maxLiveTasks: 5 });
      expect(await create(five, some(3))).toHaveLength(3);
      const { reason, metadata } = await refusalOf(create(five, some(3)));
      expect([reason, metadata]).toEqual([
        'QUOTA_EXCEEDED',
        { namespace: context.namespace, quota: 'max_live_tasks', limit: '5', room: '2' },
      ]);
      expect(await create(five, some(2))).toHaveLength(2);
      expect(await context.list()).toHaveLength(5);
      expect(await context.eventKinds()).toEqual(Array.from({ length: 5 }, () => 'created'));
    });

    it('count tasks in every state but the ended ones, and those that came about without asking', async () => {
      const three = quota({ maxLiveTasks: 3 });
      await context.create({ due: Duration.ofSeconds(60) }, {});
      const running = one(await context.claim());
      await create(three, some(1));
      expect((await refusalOf(create(three, some(1)))).metadata['room']).toBe('0');
      await context.complete(leaseOf(running));
      await create(three, some(1));
      expect((await refusalOf(create(three, some(1)))).metadata['room']).toBe('0');
    });

    it('see after a second what came about without asking while there was room', async () => {
      const ten = quota({ maxLiveTasks: 10 });
      await create(ten, some(1));
      await context.createMany(8);
      context.clock.advance(Duration.ofSeconds(1));
      expect((await refusalOf(create(ten, some(2)))).metadata['room']).toBe('1');
    });

    it('are a namespace’s own', async () => {
      await create(quota({ maxLiveTasks: 1 }), some(1));
      const namespace = `${context.namespace}-other`;
      const tasks = [context.newTask({ namespace })];
      const { id } = one(
        await context.tasks.createTasks({ namespace, tasks, request: null, quota: quota({ maxLiveTasks: 1 }) }),
      );
      await context.tasks.cancelTask({ namespace, id });
    });

    it('ask for no room for duplicates', async () => {
      const two = quota({ maxLiveTasks: 2 });
      const wish = { dedupKey: 'key', dedupWindow: 'WHILE_ACTIVE' } as const;
      const holder = one(await create(two, [wish]));
      await create(two, some(1));
      expect(await create(two, [wish])).toEqual([{ id: holder.id, deduplicated: true }]);
      expect((await refusalOf(create(two, [wish, {}]))).reason).toBe('QUOTA_EXCEEDED');
      await refusalOf(create(two, [{ ...wish, dedupKey: 'other' }]));
      await context.tasks.cancelTask({ namespace: context.namespace, id: holder.id });
      expect(await create(two, [{ ...wish, dedupKey: 'other' }])).toMatchObject([{ deduplicated: false }]);
    });

    it('answer a repeated request id though there is no room, and leave one that was refused unused', async () => {
      const request = (id: string) => ({ id, bodyHash: new TextEncoder().encode(id.padEnd(32, '.')) });
      const single = quota({ maxLiveTasks: 1 });
      const { id } = one(await create(single, some(1), request('first')));
      expect(await create(single, some(1), request('first'))).toEqual([{ id, deduplicated: true }]);
      await refusalOf(create(single, some(1), request('second')));
      await context.tasks.cancelTask({ namespace: context.namespace, id });
      expect(await create(single, some(1), request('second'))).toMatchObject([{ deduplicated: false }]);
    });

    it('let in no more than a rate does', async () => {
      const paced = quota({ createRate: { count: 10, period: Duration.ofSeconds(1), burst: 4 } });
      await create(paced, some(3));
      const refusal = await refusalOf(create(paced, some(2)));
      expect(refusal.metadata).toMatchObject({ quota: 'create_rate', limit: '10 per 1s', room: '1' });
      expect(refusal.retryAfter).toEqual(Duration.ofMillis(100));
      context.clock.advance(Duration.ofMillis(100));
      expect(await create(paced, some(2))).toHaveLength(2);
    });

    it('are not exceeded by calls at once', async () => {
      const forty = quota({ maxLiveTasks: 40 });
      const calls = Array.from({ length: 50 }, () => create(forty, some(1)));
      const settled = await Promise.allSettled(calls);
      for (const call of settled)
        if (call.status === 'rejected') expect(call.reason).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
      expect(await context.list()).toHaveLength(40);
    });
  });
}
