import { leaseLost, type LeaseRef } from '@orrery/core';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, NO_MORE, RETRY_NOW, leaseOf, payload, taskError } from './suite-values.ts';

const TASKS = 1000;

/** That no worker can change what is no longer its own. */
export function fencingTests(context: SuiteContext): void {
  describe('A8: a worker whose lease was taken over', () => {
    /** The leases of a worker that were taken back when they ran out, and given to another. */
    const takenOver = async (): Promise<readonly LeaseRef[]> => {
      await context.createMany(TASKS);
      const stale = (await context.claim({ count: TASKS })).map(leaseOf);
      context.clock.advance(LEASE);
      const failures = (await context.expired()).map((task) => ({
        lease: leaseOf(task),
        error: taskError('the worker was lost'),
        decision: RETRY_NOW,
        ifExpiresAt: task.leaseExpiresAt,
      }));
      expect(failures).toHaveLength(TASKS);
      await context.tasks.failTasks(context.namespace, failures);
      const slots = Array.from({ length: TASKS }, () => 'worker-2');
      expect(await context.claim({ slots })).toHaveLength(TASKS);
      return stale;
    };

    const writes: Record<string, (leases: readonly LeaseRef[]) => Promise<readonly unknown[]>> = {
      complete: (leases) =>
        context.tasks.completeTasks(
          context.namespace,
          leases.map((lease) => ({ lease, result: payload('"stale"') })),
        ),
      fail: (leases) =>
        context.tasks.failTasks(
          context.namespace,
          leases.map((lease) => ({ lease, error: taskError('stale'), decision: NO_MORE, ifExpiresAt: null })),
        ),
      release: (leases) => context.tasks.releaseTasks(context.namespace, leases),
      extend: (leases) => context.tasks.extendLeases(context.namespace, leases, LEASE),
    };

    it.each(Object.keys(writes))(`can %s none of ${TASKS} tasks`, async (write) => {
      const stale = await takenOver();
      const before = plain(await context.list());
      await context.events();

      const outcomes = await writes[write]?.(stale);

      const nothing = write === 'extend' ? { expiresAt: null } : { status: null };
      expect(plain(outcomes)).toEqual(
        plain(stale.map(({ taskId }) => ({ taskId, ...nothing, refusal: leaseLost(taskId) }))),
      );
      expect(plain(await context.list())).toEqual(before);
      expect(await context.events()).toEqual([]);
    });
  });

  describe('a lease', () => {
    const reasons = async (lease: LeaseRef) => {
      const outcomes = [
        await context.complete(lease),
        await context.fail(lease),
        await context.release(lease),
        await context.extend(lease),
      ];
      return outcomes.map(({ refusal }) => refusal?.reason);
    };
    const allLost = ['LEASE_LOST', 'LEASE_LOST', 'LEASE_LOST', 'LEASE_LOST'];

    it('is lost when the attempt was reported as failed', async () => {
      const task = await context.running();
      await context.fail(leaseOf(task));
      expect(await reasons(leaseOf(task))).toEqual(allLost);
    });

    it('is lost when the task was handed back', async () => {
      const task = await context.running();
      await context.release(leaseOf(task));
      expect(await reasons(leaseOf(task))).toEqual(allLost);
    });

    it('is lost when the task has succeeded, but for saying so again', async () => {
      const task = await context.running();
      await context.complete(leaseOf(task));
      expect(await reasons(leaseOf(task))).toEqual([undefined, ...allLost.slice(1)]);
    });

    it('is not held on a task of another id or namespace', async () => {
      const task = await context.running();
      const other = await context.running();
      expect(await reasons({ taskId: other.id, token: leaseOf(task).token })).toEqual(allLost);
      expect(await reasons({ taskId: 'no-such-task', token: leaseOf(task).token })).toEqual(allLost);
      const [outcome] = await context.tasks.completeTasks(`${context.namespace}-other`, [
        { lease: leaseOf(task), result: null },
      ]);
      expect(outcome?.refusal?.reason).toBe('LEASE_LOST');
      expect((await context.get(task.id)).status).toBe('RUNNING');
    });

    it('may be named by any text, which is then not held', async () => {
      const task = await context.running();
      for (const token of ['', 'not-a-uuid', "'; --", leaseOf(task).token.slice(1)])
        expect(await reasons({ taskId: task.id, token })).toEqual(allLost);
      expect((await context.get(task.id)).status).toBe('RUNNING');
    });

    it('is still good when it has run out and nobody has taken it back', async () => {
      const task = await context.running();
      context.clock.advance(LEASE.times(3));
      expect((await context.extend(leaseOf(task))).refusal).toBeNull();
      context.clock.advance(LEASE.times(3));
      expect((await context.complete(leaseOf(task))).status).toBe('SUCCEEDED');
    });
  });
}
