import { extendLease } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, leaseOf } from './suite-values.ts';

/** What extending leases, and listing a worker's, must do. */
export function leaseTests(context: SuiteContext): void {
  describe('extending leases', () => {
    it('makes them last so long from now, and tells nobody', async () => {
      const task = await context.running();
      await context.events();
      const now = context.clock.advance(Duration.ofSeconds(20));
      const expiresAt = Duration.ofSeconds(60).addTo(now);
      expect(await context.extend(leaseOf(task), Duration.ofSeconds(60))).toEqual({
        taskId: task.id,
        expiresAt,
        isOver: false,
        cancelRequested: false,
        refusal: null,
      });
      const extended = extendLease(task, leaseOf(task).token, Duration.ofSeconds(60), now);
      expect(plain(await context.get(task.id))).toEqual(plain(extended));
      expect(await context.events()).toEqual([]);
    });

    it('may shorten them', async () => {
      const task = await context.running();
      await context.extend(leaseOf(task), Duration.ofSeconds(1));
      context.clock.advance(Duration.ofSeconds(1));
      expect((await context.expired()).map(({ id }) => id)).toEqual([task.id]);
    });

    it('tells of a request to cancel', async () => {
      const task = await context.running();
      await context.tasks.cancelTask(task);
      expect(await context.extend(leaseOf(task))).toMatchObject({ cancelRequested: true, refusal: null });
    });

    it('answers a mixed call in order, the same lease as often as it is named', async () => {
      await context.createMany(2);
      const [first, second] = (await context.claim({ count: 2 })).map(leaseOf);
      if (!first || !second) throw new Error('two leases were expected');
      const stale = { taskId: first.taskId, token: '00000000-0000-4000-8000-000000000000' };
      const leases = [second, stale, first, second];
      const outcomes = await context.tasks.extendLeases(context.namespace, leases, LEASE);
      expect(outcomes.map(({ taskId }) => taskId)).toEqual(leases.map(({ taskId }) => taskId));
      expect(outcomes.map(({ refusal }) => refusal?.reason)).toEqual([undefined, 'LEASE_LOST', undefined, undefined]);
    });

    it('takes 1,000 at once', async () => {
      await context.createMany(1000);
      const leases = (await context.claim({ count: 1000 })).map(leaseOf);
      const expiresAt = LEASE.addTo(context.clock.advance(Duration.ofSeconds(9)));
      const outcomes = await context.tasks.extendLeases(context.namespace, leases, LEASE);
      expect(outcomes.map((outcome) => outcome.expiresAt)).toEqual(leases.map(() => expiresAt));
      expect((await context.list()).every((task) => task.leaseExpiresAt?.getTime() === expiresAt.getTime())).toBe(true);
    });
  });

  describe("a worker's leases", () => {
    const heldIds = async (workerId: string, heldSince: Date) => {
      const { namespace } = context;
      const tasks = await context.tasks.listWorkerLeases({ namespace, workerId, heldSince });
      return tasks.map((task) => task.id).sort();
    };

    it('are those of its running tasks', async () => {
      await context.createMany(5);
      const claimed = await context.claim({ slots: ['ann', 'bob', 'ann', 'ann', 'ann'] });
      const [first, , second, third, fourth] = claimed;
      if (!first || !second || !third || !fourth) throw new Error('five tasks were expected');
      await context.complete(leaseOf(second));
      await context.release(leaseOf(third));
      expect(await heldIds('ann', context.clock.now())).toEqual([first.id, fourth.id].sort());
      expect(await heldIds('bob', context.clock.now())).toHaveLength(1);
      expect(await heldIds('cy', context.clock.now())).toEqual([]);
      const elsewhere = { namespace: `${context.namespace}-other`, workerId: 'ann', heldSince: context.clock.now() };
      expect(await context.tasks.listWorkerLeases(elsewhere)).toEqual([]);
      const held = { namespace: context.namespace, workerId: 'bob', heldSince: context.clock.now() };
      expect(plain(await context.tasks.listWorkerLeases(held))).toEqual(
        plain([await context.get(claimed[1]?.id ?? '')]),
      );
    });

    it('are those it took or extended no later than a time', async () => {
      const taken = context.clock.now();
      const first = await context.running();
      const later = context.clock.advance(Duration.ofSeconds(1));
      const second = await context.running();
      const before = (instant: Date) => new Date(instant.getTime() - 1);
      expect(await heldIds('worker-1', before(taken))).toEqual([]);
      expect(await heldIds('worker-1', taken)).toEqual([first.id]);
      expect(await heldIds('worker-1', before(later))).toEqual([first.id]);
      expect(await heldIds('worker-1', later)).toEqual([first.id, second.id].sort());

      const extended = context.clock.advance(Duration.ofSeconds(1));
      await context.extend(leaseOf(first), Duration.ofSeconds(7));
      expect(await heldIds('worker-1', before(extended))).toEqual([second.id]);
      expect(await heldIds('worker-1', extended)).toEqual([first.id, second.id].sort());
    });
  });
}
