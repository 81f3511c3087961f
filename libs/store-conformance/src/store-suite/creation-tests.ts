import { EXPONENTIAL, newTask } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { NO_MORE, leaseOf, payload, refusalOf } from './suite-values.ts';

/** What creating tasks must do, apart from request ids. */
export function creationTests(context: SuiteContext): void {
  describe('A3: creating tasks', () => {
    it('stores a task as the pure command makes it', async () => {
      const wish = context.newTask({
        queue: 'mail',
        type: 'mail.send',
        params: payload('{"to":"ann"}'),
        priority: 7,
        runTimeout: Duration.ofSeconds(90),
        labels: { team: 'red', empty: '' },
        correlationId: 'order-17',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        parentTaskId: 'the-parent',
      });
      const outcomes = await context.tasks.createTasks({
        namespace: context.namespace,
        tasks: [wish],
        request: null,
      });
      expect(outcomes).toEqual([{ id: wish.spec.id, deduplicated: false }]);
      const now = context.clock.now();
      expect(plain(await context.get(wish.spec.id))).toEqual(plain(newTask(wish.spec, now, now).task));
    });

    it('answers in the order of the request', async () => {
      const request = context.creation(Array.from({ length: 50 }, () => ({})));
      const shuffled = { ...request, tasks: [...request.tasks].reverse() };
      const outcomes = await context.tasks.createTasks(shuffled);
      expect(outcomes.map(({ id }) => id)).toEqual(shuffled.tasks.map(({ spec }) => spec.id));
    });

    it('takes 1,000 tasks at once', async () => {
      const ids = await context.createMany(1000);
      expect(new Set(ids).size).toBe(1000);
      expect(await context.list()).toHaveLength(1000);
    });

    it('takes no tasks at all', async () => {
      expect(await context.create()).toEqual([]);
      expect(await context.events()).toEqual([]);
    });

    it('counts delays from its own clock, a begun millisecond as a whole one', async () => {
      const now = context.clock.now().getTime();
      const dues = ['5s', '0.5ms', '-5s', '0s'].map((text) => Duration.parse(text));
      const ids = await context.create(...dues.map((due) => ({ due })));
      const runAts = await Promise.all(ids.map(async (id) => (await context.get(id)).runAt.getTime() - now));
      expect(runAts).toEqual([5000, 1, 0, 0]);
    });

    it('keeps a time to come, and takes one that is past as now', async () => {
      const now = context.clock.now();
      const later = Duration.ofSeconds(3600).addTo(now);
      const [future, past] = await context.create({ due: later }, { due: new Date(now.getTime() - 1) });
      expect((await context.get(future ?? '')).runAt).toEqual(later);
      expect((await context.get(past ?? '')).runAt).toEqual(now);
    });

    it("keeps retry policies, the default's own included", async () => {
      const policy = {
        maxAttempts: 9,
        initialDelay: Duration.ofMillis(1500),
        maxDelay: Duration.ofSeconds(60),
        multiplier: 1.5,
        jitter: 0.1,
        predicate: { on: 'ERROR_TYPE', types: ['network', "o'clock"] },
      } as const;
      const [own, usual] = await context.create({ retryPolicy: policy }, { retryPolicy: { ...EXPONENTIAL } });
      const task = await context.get(own ?? '');
      expect(plain(task.retryPolicy)).toEqual(plain(policy));
      expect(task.maxAttempts).toBe(9);
      expect(plain((await context.get(usual ?? '')).retryPolicy)).toEqual(plain(EXPONENTIAL));
    });

    it('keeps the namespaces apart', async () => {
      const id = await context.createOne({ id: 'same-id', idIsCallers: true });
      const other = `${context.namespace}-other`;
      const task = context.newTask({ namespace: other, id, idIsCallers: true });
      await context.tasks.createTasks({ namespace: other, tasks: [task], request: null });
      await context.tasks.cancelTask({ namespace: other, id });
      expect((await context.get(id)).status).toBe('PENDING');
    });
  });

  describe("callers' ids", () => {
    const id = 'Order.17_a:b/c-9';

    it('takes an id that nobody has', async () => {
      expect(await context.createOne({ id, idIsCallers: true })).toBe(id);
    });

    it.each(['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const)(
      'refuses the id of a task that is %s, and stores nothing',
      async (status) => {
        await context.createOne({ id, idIsCallers: true });
        if (status === 'CANCELLED') await context.tasks.cancelTask({ namespace: context.namespace, id });
        if (status === 'RUNNING' || status === 'SUCCEEDED' || status === 'FAILED') {
          const [task] = await context.claim();
          if (task && status === 'SUCCEEDED') await context.complete(leaseOf(task));
          if (task && status === 'FAILED') await context.fail(leaseOf(task), NO_MORE);
        }
        const before = await context.get(id);
        expect(before.status).toBe(status);
        await context.events();

        const refusal = await refusalOf(context.create({}, { id, idIsCallers: true }, {}));

        expect(refusal.reason).toBe('TASK_ALREADY_EXISTS');
        expect(refusal.metadata).toEqual({ namespace: context.namespace, task_id: id });
        expect(plain(await context.list())).toEqual(plain([before]));
        expect(await context.events()).toEqual([]);
      },
    );

    it('refuses an id that is there twice in one call', async () => {
      const refusal = await refusalOf(context.create({ id, idIsCallers: true }, { id, idIsCallers: true }));
      expect(refusal.reason).toBe('TASK_ALREADY_EXISTS');
      expect(await context.list()).toEqual([]);
    });

    it('gives an id to one of 20 who want it at once', async () => {
      const calls = Array.from({ length: 20 }, () => context.create({ id, idIsCallers: true }));
      const settled = await Promise.allSettled(calls);
      expect(settled.filter((call) => call.status === 'fulfilled')).toHaveLength(1);
      for (const call of settled)
        if (call.status === 'rejected') expect(call.reason).toMatchObject({ reason: 'TASK_ALREADY_EXISTS' });
      expect(await context.eventKinds()).toEqual(['created']);
    });

    it('can be used again once the task was purged', async () => {
      await context.createOne({ id, idIsCallers: true });
      await context.tasks.cancelTask({ namespace: context.namespace, id });
      await context.tasks.purgeTasks(context.clock.advance(Duration.ofSeconds(1)), 10);
      expect(await context.createOne({ id, idIsCallers: true })).toBe(id);
    });
  });
}
