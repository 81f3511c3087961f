import { reportProgress } from '@orrery/core';
import { plain } from './plain.ts';
import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';
import { LEASE, leaseOf, one, payload, RETRY_NOW } from './suite-values.ts';

/** What handlers' reports must do. */
export function progressTests(context: SuiteContext): void {
  const HALF = { percent: 50, message: 'half of it' };

  describe('progress', () => {
    it('A7: is kept and told of as the pure command says, and extends the lease', async () => {
      const task = await context.running();
      await context.events();
      const now = context.clock.advance(Duration.ofSeconds(10));
      const expected = reportProgress(task, leaseOf(task).token, HALF, LEASE, now);
      const outcome = one(
        await context.tasks.reportProgress(context.namespace, [{ lease: leaseOf(task), progress: HALF }], LEASE),
      );
      expect(plain(outcome)).toEqual(
        plain({
          taskId: task.id,
          expiresAt: LEASE.addTo(now),
          isOver: false,
          cancelRequested: false,
          refusal: null,
        }),
      );
      expect(plain(await context.get(task.id))).toEqual(plain(expected.task));
      expect(plain(await context.events())).toEqual(plain([expected.event]));
    });

    it('A8: a report without progress is a heartbeat that nobody is told of', async () => {
      const task = await context.running();
      await context.events();
      const now = context.clock.advance(Duration.ofSeconds(10));
      await context.tasks.reportProgress(context.namespace, [{ lease: leaseOf(task), progress: null }], LEASE);
      const after = await context.get(task.id);
      expect([after.heartbeatAt, after.leaseExpiresAt]).toEqual([now, LEASE.addTo(now)]);
      expect([after.revision, after.progress]).toEqual([task.revision, null]);
      expect(await context.events()).toEqual([]);
    });

    it('keeps what was last said of a task that succeeded, and forgets it for another attempt', async () => {
      const retried = await context.running();
      const done = await context.running();
      const reports = [retried, done].map((task) => ({
        lease: leaseOf(task),
        progress: { percent: null, message: 'ä"' },
      }));
      await context.tasks.reportProgress(context.namespace, reports, LEASE);
      await context.fail(leaseOf(retried), RETRY_NOW);
      await context.complete(leaseOf(done), payload('1'));
      expect((await context.get(retried.id)).progress).toBeNull();
      expect((await context.get(done.id)).progress).toEqual({ percent: null, message: 'ä"' });
      expect((await context.get(done.id)).heartbeatAt).toBeNull();
    });

    it('is refused without the lease, and told that the task is to be cancelled', async () => {
      const task = await context.running();
      await context.tasks.cancelTask(task);
      const lost = { taskId: task.id, token: '00000000-0000-4000-8000-000000000000' };
      await context.events();
      const outcomes = await context.tasks.reportProgress(
        context.namespace,
        [
          { lease: lost, progress: HALF },
          { lease: leaseOf(task), progress: HALF },
        ],
        LEASE,
      );
      expect(outcomes[0]?.refusal?.reason).toBe('LEASE_LOST');
      expect(outcomes[1]).toMatchObject({ cancelRequested: true, refusal: null });
      expect(await context.eventKinds()).toEqual(['progressed']);
      expect(await context.tasks.reportProgress(context.namespace, [], LEASE)).toEqual([]);
    });
  });
}
