import { eventOf, type Task, type TaskEvent, type TaskEventKind } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { NO_MORE, RETRY_NOW, leaseOf, one, refusalOf } from './suite-values.ts';

/** What the event log must hold. */
export function eventLogTests(context: SuiteContext): void {
  describe('the event log', () => {
    it('has exactly one event for each change, with the task as it then was', async () => {
      const expected: TaskEvent[] = [];
      const note = (kind: TaskEventKind, task: Task) => expected.push(eventOf(task, kind));
      const step = () => context.clock.advance(Duration.ofSeconds(1));
      const id = await context.createOne({ type: 'a.b', correlationId: 'c-1', traceparent: 't-1' });
      const key = { namespace: context.namespace, id };
      note('created', await context.get(id));
      step();
      note('rescheduled', await context.tasks.rescheduleTask(key, context.clock.now()));
      const claim = async () => {
        step();
        const task = one(await context.claim());
        note('started', task);
        step();
        return leaseOf(task);
      };
      await context.release(await claim());
      note('released', await context.get(id));
      await context.fail(await claim(), RETRY_NOW);
      note('retry_scheduled', await context.get(id));
      await context.fail(await claim(), NO_MORE);
      note('failed', await context.get(id));
      note('redriven', await context.tasks.redriveTask(key));
      await context.complete(await claim());
      note('succeeded', await context.get(id));

      expect(plain(await context.events())).toEqual(plain(expected));
      expect(expected.map(({ sequence }) => sequence)).toEqual(expected.map((_, index) => index + 1));
    });

    it('has those of a cancellation', async () => {
      const running = await context.running();
      const asked = await context.tasks.cancelTask(running);
      await context.release(leaseOf(running));
      const pending = await context.createOne();
      const cancelled = await context.tasks.cancelTask({ namespace: context.namespace, id: pending });
      const events = await context.events();
      expect(plain(events.filter(({ taskId }) => taskId === running.id).slice(2))).toEqual(
        plain([eventOf(asked, 'cancel_requested'), eventOf(await context.get(running.id), 'cancelled')]),
      );
      expect(plain(events.at(-1))).toEqual(plain(eventOf(cancelled, 'cancelled')));
    });

    it('has the events of one call in one batch', async () => {
      await context.createMany(100);
      const batch = one(await context.batches());
      expect(batch.events).toHaveLength(100);
      expect(batch.events.every(({ kind }) => kind === 'created')).toBe(true);
    });

    it('has nothing of what was refused', async () => {
      const task = await context.running({ id: 'taken', idIsCallers: true });
      await context.complete(leaseOf(task));
      await context.events();
      const stale = { taskId: task.id, token: '00000000-0000-4000-8000-000000000000' };
      await refusalOf(context.create({}, { id: 'taken', idIsCallers: true }));
      await context.complete(stale);
      await context.fail(stale);
      await context.release(stale);
      await refusalOf(context.tasks.cancelTask(task));
      await refusalOf(context.tasks.redriveTask(task));
      await refusalOf(context.tasks.rescheduleTask(task, context.clock.now()));
      await context.claim();
      expect(await context.events()).toEqual([]);
    });

    it('tells the life of each task in order and without a gap, whoever works at once', async () => {
      const ids = await context.createMany(60);
      const worker = async (name: string) => {
        for (let round = 0; round < 12; round += 1) {
          const tasks = await context.claim({ slots: Array.from({ length: 5 }, () => name) });
          const [first, second, third, fourth, fifth] = tasks.map(leaseOf);
          if (first) await context.complete(first);
          if (second) await context.fail(second, RETRY_NOW);
          if (third) await context.release(third);
          if (fourth) await context.fail(fourth, NO_MORE);
          if (fourth) await context.tasks.redriveTask({ namespace: context.namespace, id: fourth.taskId });
          if (fifth) await Promise.all([context.release(fifth), context.complete(fifth)]);
        }
      };
      await Promise.all(['ann', 'bob', 'cy', 'dan', 'eve'].map(worker));
      const bySequence = new Map(ids.map((id) => [id, [] as number[]]));
      for (const { taskId, sequence } of await context.events()) bySequence.get(taskId)?.push(sequence);
      for (const task of await context.list()) {
        const complete = Array.from({ length: task.revision }, (_, index) => index + 1);
        expect(bySequence.get(task.id)).toEqual(complete);
      }
    });
  });
}
