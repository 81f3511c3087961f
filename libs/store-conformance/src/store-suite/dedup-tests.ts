import type { CreateOutcome, DedupWindow } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext, TaskWish } from './suite-context.ts';
import { leaseOf, one, refusalOf } from './suite-values.ts';

const EVERYTHING = 1_000_000;
const MINUTE = Duration.ofSeconds(60);

/** What dedup keys must do. */
export function dedupTests(context: SuiteContext): void {
  const wish = (window: DedupWindow, rest: TaskWish = {}): TaskWish => ({
    dedupKey: 'k',
    dedupWindow: window,
    ...rest,
  });
  const create = (...wishes: readonly TaskWish[]): Promise<readonly CreateOutcome[]> =>
    context.tasks.createTasks(context.creation(wishes));
  const createOne = async (window: DedupWindow, rest: TaskWish = {}) => one(await create(wish(window, rest)));
  const failed = async (window: DedupWindow) => {
    const task = await context.running(wish(window));
    await context.fail(leaseOf(task));
    return task;
  };

  describe('A3: dedup keys', () => {
    it('are held by a task while it is active, and are free once it has ended', async () => {
      const first = await createOne('WHILE_ACTIVE');
      expect(first.deduplicated).toBe(false);
      expect(await createOne('WHILE_ACTIVE')).toEqual({ id: first.id, deduplicated: true });
      const running = one(await context.claim());
      expect(running.dedupKey).toBe('k');
      expect((await createOne('FOREVER')).id).toBe(first.id);
      await context.complete(leaseOf(running));
      const second = await createOne('WHILE_ACTIVE');
      expect(second.deduplicated).toBe(false);
      expect((await createOne('WHILE_ACTIVE')).id).toBe(second.id);
      expect(await context.eventKinds()).toEqual(['created', 'started', 'succeeded', 'created']);
    });

    it('are held for ever, even after the task was purged', async () => {
      const { id } = await createOne('FOREVER');
      await context.tasks.cancelTask({ namespace: context.namespace, id });
      expect(await createOne('FOREVER')).toEqual({ id, deduplicated: true });
      context.clock.advance(MINUTE);
      await context.tasks.purgeTasks(context.clock.now(), EVERYTHING);
      await context.tasks.purgeDedupKeys(EVERYTHING);
      expect(await createOne('FOREVER')).toEqual({ id, deduplicated: true });
      expect(await context.list()).toEqual([]);
    });

    it('are held for a time, whether the task has ended or not', async () => {
      const first = await createOne(MINUTE);
      context.clock.advance(Duration.ofMillis(59_999));
      await context.tasks.cancelTask({ namespace: context.namespace, id: first.id });
      expect((await createOne(MINUTE)).id).toBe(first.id);
      context.clock.advance(Duration.ofMillis(1));
      const second = await createOne(MINUTE);
      expect(second.deduplicated).toBe(false);
      context.clock.advance(MINUTE);
      expect((await createOne('WHILE_ACTIVE')).deduplicated).toBe(false);
    });

    it('hold within one call, beside tasks that have none', async () => {
      const other = await createOne('WHILE_ACTIVE', { dedupKey: 'other' });
      const outcomes = await create(
        {},
        wish('FOREVER'),
        wish('WHILE_ACTIVE'),
        {},
        wish('FOREVER', { dedupKey: 'other' }),
      );
      expect(outcomes.map(({ deduplicated }) => deduplicated)).toEqual([false, false, true, false, true]);
      expect(outcomes[2]?.id).toBe(outcomes[1]?.id);
      expect(outcomes[4]?.id).toBe(other.id);
      expect(await context.list()).toHaveLength(4);
    });

    it('make one task of 100 calls at once', async () => {
      const calls = Array.from({ length: 100 }, () => createOne('WHILE_ACTIVE'));
      const outcomes = await Promise.all(calls);
      expect(new Set(outcomes.map(({ id }) => id)).size).toBe(1);
      expect(outcomes.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
      expect(await context.eventKinds()).toEqual(['created']);
    });

    it('never make two active tasks of calls that come while the first one ends', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { id } = await createOne('WHILE_ACTIVE', { dedupKey: `round-${round}` });
        const [, ...outcomes] = await Promise.all([
          context.tasks.cancelTask({ namespace: context.namespace, id }),
          ...Array.from({ length: 10 }, () => createOne('WHILE_ACTIVE', { dedupKey: `round-${round}` })),
        ]);
        const made = outcomes.filter(({ deduplicated }) => !deduplicated);
        expect(made.length).toBeLessThanOrEqual(1);
      }
    });

    it('do not get in the way of calls with the same keys in another order', async () => {
      const keys = ['a', 'b', 'c', 'd', 'e'];
      const call = (names: readonly string[]) => create(...names.map((dedupKey) => wish('WHILE_ACTIVE', { dedupKey })));
      const calls = Array.from({ length: 20 }, (_, i) => call(i % 2 === 0 ? keys : keys.toReversed()));
      const outcomes = (await Promise.all(calls)).flat();
      expect(new Set(outcomes.map(({ id }) => id)).size).toBe(keys.length);
      expect(await context.list()).toHaveLength(keys.length);
    });

    it('are counted by namespace', async () => {
      await createOne('FOREVER');
      const namespace = `${context.namespace}-other`;
      const tasks = [context.newTask({ namespace, dedupKey: 'k', dedupWindow: 'FOREVER' })];
      const outcome = one(await context.tasks.createTasks({ namespace, tasks, request: null }));
      expect(outcome.deduplicated).toBe(false);
      await context.tasks.cancelTask({ namespace, id: outcome.id });
    });

    it('answer a repeated request id with what it was answered first', async () => {
      const existing = await createOne('WHILE_ACTIVE');
      const request = { id: 'request', bodyHash: new Uint8Array(32) };
      const call = context.creation([{}, wish('WHILE_ACTIVE')], request);
      const outcomes = await context.tasks.createTasks(call);
      expect(outcomes[1]).toEqual({ id: existing.id, deduplicated: true });
      await context.tasks.cancelTask({ namespace: context.namespace, id: existing.id });
      const again = await context.tasks.createTasks({ ...call, tasks: context.creation([{}, wish('FOREVER')]).tasks });
      expect(again).toEqual(outcomes.map(({ id }) => ({ id, deduplicated: true })));
      const reused = { ...call, request: { ...request, bodyHash: new Uint8Array(32).fill(1) } };
      expect((await refusalOf(context.tasks.createTasks(reused))).reason).toBe('REQUEST_ID_REUSED');
    });

    it('make one task of calls at once under the same request id', async () => {
      const request = { id: 'request', bodyHash: new Uint8Array(32) };
      const calls = Array.from({ length: 20 }, () =>
        context.tasks.createTasks(context.creation([wish('WHILE_ACTIVE'), {}], request)),
      );
      const ids = new Set((await Promise.all(calls)).map((outcomes) => outcomes.map(({ id }) => id).join()));
      expect(ids.size).toBe(1);
      expect(await context.list()).toHaveLength(2);
    });

    it("come before callers' ids, and are not taken by a call that is refused", async () => {
      const mine = { id: 'mine', idIsCallers: true };
      expect((await createOne('WHILE_ACTIVE', mine)).deduplicated).toBe(false);
      expect(await createOne('WHILE_ACTIVE', mine)).toEqual({ id: 'mine', deduplicated: true });
      const refused = create(wish('FOREVER', { dedupKey: 'free' }), { ...mine });
      expect((await refusalOf(refused)).metadata).toMatchObject({ task_id: 'mine' });
      expect((await createOne('FOREVER', { dedupKey: 'free' })).deduplicated).toBe(false);
    });

    it('stay with a task that is redriven', async () => {
      const { id } = await failed('WHILE_ACTIVE');
      await context.tasks.redriveTask({ namespace: context.namespace, id });
      expect(await createOne('WHILE_ACTIVE')).toEqual({ id, deduplicated: true });
    });

    it('keep a task from being redriven while another one that is active has its key', async () => {
      const { id } = await failed('WHILE_ACTIVE');
      const other = await createOne('WHILE_ACTIVE');
      const key = { namespace: context.namespace, id };
      const refusal = await refusalOf(context.tasks.redriveTask(key));
      expect(refusal.reason).toBe('DEDUP_KEY_TAKEN');
      expect(refusal.metadata).toEqual({ task_id: id, dedup_key: 'k', holder_task_id: other.id });
      expect((await context.get(id)).status).toBe('FAILED');
      await context.tasks.cancelTask({ ...key, id: other.id });
      await context.tasks.redriveTask(key);
      expect(await createOne('WHILE_ACTIVE')).toEqual({ id, deduplicated: true });
    });

    it('are of one task that is active when many are redriven', async () => {
      const [first, second] = [await failed('WHILE_ACTIVE'), await failed('WHILE_ACTIVE')];
      const other = await context.running();
      await context.fail(leaseOf(other));
      const ids = [first.id, second.id, other.id];
      const batch = { namespace: context.namespace, ids, statuses: ['FAILED'] as const };
      const redriven = await context.tasks.redriveTasks(batch);
      expect(redriven.map(({ id }) => id).sort()).toEqual([first.id, other.id].sort());
      expect(await createOne('WHILE_ACTIVE')).toEqual({ id: first.id, deduplicated: true });
    });

    it('keep no task from being redriven that they are held for a time', async () => {
      const { id } = await failed(MINUTE);
      context.clock.advance(MINUTE);
      await createOne(MINUTE);
      expect((await context.tasks.redriveTask({ namespace: context.namespace, id })).status).toBe('PENDING');
    });

    it('are forgotten once nobody holds them any more', async () => {
      context.clock.advance(Duration.ofSeconds(120));
      await context.tasks.purgeDedupKeys(EVERYTHING);
      const { id } = await createOne('WHILE_ACTIVE', { dedupKey: 'active' });
      await createOne(MINUTE, { dedupKey: 'minute' });
      await createOne('FOREVER', { dedupKey: 'forever' });
      expect(await context.tasks.purgeDedupKeys(EVERYTHING)).toBe(0);
      context.clock.advance(Duration.ofSeconds(61));
      expect(await context.tasks.purgeDedupKeys(EVERYTHING)).toBe(1);
      expect((await createOne('WHILE_ACTIVE', { dedupKey: 'active' })).id).toBe(id);
      await context.tasks.cancelTask({ namespace: context.namespace, id });
      expect(await context.tasks.purgeDedupKeys(EVERYTHING)).toBe(0);
      context.clock.advance(MINUTE);
      await context.tasks.purgeTasks(context.clock.now(), EVERYTHING);
      expect(await context.tasks.purgeDedupKeys(EVERYTHING)).toBe(1);
    });
  });
}
