import type { FlowLimit } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one } from './suite-values.ts';

const MINUTE = Duration.ofSeconds(60);

/** How keys must take turns, and what limits must hold back. */
export function flowTests(context: SuiteContext): void {
  describe('A11: flow control', () => {
    const limit = async (part: Partial<FlowLimit>, name = 'limit') => {
      const open: FlowLimit = {
        namespace: context.namespace,
        name,
        queue: '',
        type: '',
        perKey: false,
        maxRunning: null,
        rate: null,
      };
      return context.store.flow.setLimit({ ...open, ...part });
    };
    const claimedKeys = async (claim: Parameters<SuiteContext['claim']>[0]) =>
      (await context.claim(claim)).map(({ flowKey }) => flowKey);

    it('keys take turns, tasks without a key as one more of them', async () => {
      await context.createMany(5, { flowKey: 'a' });
      await context.createMany(2, { flowKey: 'b' });
      await context.createMany(2);
      expect(await claimedKeys({ count: 9 })).toEqual(['a', 'b', '', 'a', 'b', '', 'a', 'a', 'a']);
    });

    it('the next claim goes on where the last one ended, for every strategy', async () => {
      await context.createMany(3, { flowKey: 'a' });
      await context.createMany(3, { flowKey: 'b' });
      expect(await claimedKeys({ strategy: 'FIFO', count: 2, afterKey: 'a' })).toEqual(['b', 'a']);
      expect(await claimedKeys({ strategy: 'LIFO', count: 2, afterKey: 'b' })).toEqual(['a', 'b']);
      expect(await claimedKeys({ strategy: 'PRIORITY', count: 2, afterKey: 'a' })).toEqual(['b', 'a']);
    });

    it('a key with many tasks does not delay one with few', async () => {
      await context.createMany(1000, { flowKey: 'flood' });
      await context.createMany(3, { flowKey: 'small' });
      const keys = await claimedKeys({ count: 6 });
      expect(keys.filter((key) => key === 'small')).toHaveLength(3);
    });

    it('a key keeps its order over types and queues, and so do priorities', async () => {
      const [first] = await context.create({ flowKey: 'a', type: 'y' });
      context.clock.advance(Duration.ofSeconds(1));
      const [second, high] = await context.create(
        { flowKey: 'a', type: 'x', queue: 'other' },
        { flowKey: 'a', type: 'x', priority: 1 },
      );
      const claim = { strategy: 'PRIORITY', queues: ['default', 'other'], count: 3 } as const;
      expect((await context.claim(claim)).map(({ id }) => id)).toEqual([high, first, second]);
    });

    it('only wanted types are given out', async () => {
      await context.create(
        { flowKey: 'a', type: 'x.one' },
        { flowKey: 'a', type: 'y' },
        { flowKey: 'b', type: 'x.two' },
      );
      const claimed = await context.claim({ types: ['x.*'], count: 5 });
      expect(claimed.map(({ type }) => type)).toEqual(['x.one', 'x.two']);
    });

    it('so many run at the same time, of a type', async () => {
      await limit({ type: 'scarce.*', maxRunning: 2 });
      await context.createMany(5, { type: 'scarce.work' });
      await context.createMany(2, { type: 'plain' });
      const claimed = await context.claim({ count: 10 });
      expect(claimed.map(({ type }) => type).sort()).toEqual(['plain', 'plain', 'scarce.work', 'scarce.work']);
      expect(await context.claim({ count: 10 })).toEqual([]);
      await context.complete(leaseOf(claimed.find(({ type }) => type === 'scarce.work') ?? one([])));
      expect(await context.claim({ count: 10 })).toHaveLength(1);
    });

    it('so many run at the same time, of each key', async () => {
      await limit({ perKey: true, maxRunning: 1 });
      await context.createMany(3, { flowKey: 'a' });
      await context.createMany(3, { flowKey: 'b' });
      await context.createMany(3);
      expect((await claimedKeys({ count: 10 })).sort()).toEqual(['', '', '', 'a', 'b']);
      expect(await claimedKeys({ count: 10 })).toEqual([]);
    });

    it('many keys at their limits do not hide one that is not', async () => {
      await limit({ perKey: true, type: 'held', maxRunning: 0 });
      const keys = Array.from({ length: 250 }, (_, index) => `k${String(index).padStart(3, '0')}`);
      await context.create(...keys.map((flowKey) => ({ flowKey, type: 'held' })));
      await context.createMany(3, { flowKey: 'k100' });
      for (const afterKey of ['', 'k099', 'k100', 'k240'])
        expect(await claimedKeys({ count: 2, afterKey })).toHaveLength(
          afterKey === '' ? 2 : afterKey === 'k099' ? 1 : 0,
        );
    });

    it('a queue has limits of its own', async () => {
      await limit({ queue: 'narrow', maxRunning: 1 });
      await context.createMany(3, { queue: 'narrow' });
      await context.createMany(3, { queue: 'wide' });
      const claimed = await context.claim({ queues: ['narrow', 'wide'], count: 10 });
      expect(claimed.map(({ queue }) => queue).sort()).toEqual(['narrow', 'wide', 'wide', 'wide']);
    });

    it('all limits that cover a task hold', async () => {
      await limit({ perKey: true, maxRunning: 2 }, 'each');
      await limit({ maxRunning: 3 }, 'all');
      await context.createMany(5, { flowKey: 'a' });
      await context.createMany(5, { flowKey: 'b' });
      expect(await claimedKeys({ count: 10 })).toEqual(['a', 'b', 'a']);
    });

    it('whatever ends an attempt makes room', async () => {
      await limit({ maxRunning: 1 });
      const ids = await context.createMany(4);
      await context.complete(leaseOf(one(await context.claim())));
      await context.fail(leaseOf(one(await context.claim())));
      const released = one(await context.claim());
      await context.release(leaseOf(released));
      const again = one(await context.claim());
      await context.tasks.cancelTask(again);
      await context.fail(leaseOf(again));
      expect(one(await context.claim()).id).toBe(ids.toSorted().at(-1));
    });

    it('a rate lets so many begin, and more as time goes by', async () => {
      await limit({ rate: { count: 2, period: MINUTE, burst: 3 } });
      await context.createMany(10);
      expect(await context.claim({ count: 10 })).toHaveLength(3);
      expect(await context.claim({ count: 10 })).toHaveLength(0);
      expect((await context.store.flow.nextOpening(context.namespace, ['default']))?.toSeconds()).toBe(30);
      context.clock.advance(Duration.ofSeconds(30));
      expect(await context.store.flow.nextOpening(context.namespace, ['default'])).toBeNull();
      expect(await context.claim({ count: 10 })).toHaveLength(1);
      context.clock.advance(Duration.of({ hours: 1 }));
      expect(await context.claim({ count: 10 })).toHaveLength(3);
    });

    it('a rate for each key; what is handed back has used its share', async () => {
      await limit({ perKey: true, rate: { count: 1, period: MINUTE, burst: 1 } });
      await context.createMany(2, { flowKey: 'a' });
      await context.createMany(2, { flowKey: 'b' });
      const claimed = await context.claim({ count: 10 });
      expect(claimed.map(({ flowKey }) => flowKey)).toEqual(['a', 'b']);
      await context.tasks.releaseTasks(context.namespace, claimed.map(leaseOf));
      expect(await context.claim({ count: 10 })).toEqual([]);
      context.clock.advance(MINUTE);
      expect(await context.claim({ count: 10 })).toHaveLength(2);
    });

    it('limits are set, replaced, listed by name and deleted', async () => {
      const { flow } = context.store;
      expect(await limit({ maxRunning: 1 }, 'b')).toEqual({ created: true });
      expect(await limit({ rate: { count: 5, period: MINUTE, burst: 7 }, perKey: true }, 'B')).toEqual({
        created: true,
      });
      expect(await limit({ maxRunning: 2, type: 'x.*' }, 'b')).toEqual({ created: false });
      const listed = await flow.listLimits(context.namespace);
      expect(listed).toMatchObject([
        { name: 'B', perKey: true, maxRunning: null, rate: { count: 5, burst: 7 } },
        { name: 'b', perKey: false, maxRunning: 2, type: 'x.*', rate: null },
      ]);
      expect(listed[0]?.rate?.period.toSeconds()).toBe(60);
      expect([await flow.deleteLimit(context.namespace, 'b'), await flow.deleteLimit(context.namespace, 'b')]).toEqual([
        true,
        false,
      ]);
      expect(await flow.listLimits('no-such-namespace')).toEqual([]);
      expect(await flow.areLimited('no-such-namespace', ['default'])).toBe(false);
      expect(await flow.areLimited(context.namespace, ['default'])).toBe(true);
    });

    it('a limit that is deleted holds nothing back, and what was used of its rate is forgotten', async () => {
      await limit({ maxRunning: 0, rate: { count: 1, period: MINUTE, burst: 1 } });
      await context.createMany(3);
      expect(await context.claim({ count: 3 })).toEqual([]);
      await context.store.flow.deleteLimit(context.namespace, 'limit');
      expect(await context.claim({ count: 1 })).toHaveLength(1);
      await limit({ rate: { count: 1, period: MINUTE, burst: 1 } });
      expect(await context.claim({ count: 2 })).toHaveLength(1);
      await limit({ rate: { count: 1, period: MINUTE, burst: 1 } });
      expect(await context.claim({ count: 2 })).toHaveLength(1);
    });

    it('the use of rates is forgotten once it is over', async () => {
      context.clock.advance(Duration.of({ days: 1 }));
      await context.store.flow.purgeRates();
      await limit({ perKey: true, rate: { count: 1, period: MINUTE, burst: 1 } });
      await context.create({ flowKey: 'a' }, { flowKey: 'b' });
      await context.claim({ count: 2 });
      expect(await context.store.flow.purgeRates()).toBe(0);
      context.clock.advance(MINUTE);
      expect(await context.store.flow.purgeRates()).toBe(2);
    });

    it('only tasks of some age, with keys or without', async () => {
      const old = await context.create({}, { flowKey: 'a' });
      context.clock.advance(MINUTE);
      await context.create({ priority: 5 }, { flowKey: 'a', priority: 5 });
      const claimed = await context.claim({ minAge: MINUTE, count: 10 });
      expect(claimed.map(({ id }) => id).sort()).toEqual([...old].sort());
    });

    it('a key is kept when a task is tried again', async () => {
      const task = await context.running({ flowKey: 'acme' });
      await context.release(leaseOf(task));
      expect((await context.get(task.id)).flowKey).toBe('acme');
      await context.complete(leaseOf(one(await context.claim())));
      expect((await context.get(task.id)).flowKey).toBe('acme');
    });

    it('many claims at the same time never exceed a limit, and give each task out once', async () => {
      await limit({ perKey: true, maxRunning: 3 }, 'each');
      await limit({ maxRunning: 10 }, 'all');
      for (const flowKey of ['a', 'b', 'c', 'd', 'e']) await context.createMany(20, { flowKey });
      const claims = await Promise.all(Array.from({ length: 20 }, () => context.claim({ count: 4 })));
      const claimed = claims.flat();
      expect(new Set(claimed.map(({ id }) => id)).size).toBe(10);
      expect(claimed).toHaveLength(10);
      const perKey = Map.groupBy(claimed, ({ flowKey }) => flowKey);
      for (const own of perKey.values()) expect(own.length).toBeLessThanOrEqual(3);
    });
  });
}
