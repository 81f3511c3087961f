import { cancelTask, compareIds, deleteTask, redriveTask, type Task, type TaskStatus } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, payload } from './suite-values.ts';

const ALL: readonly TaskStatus[] = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'];

/** What changing many tasks at once must do. */
export function bulkTests(context: SuiteContext): void {
  /** A task in each status, and one that was asked to be cancelled. */
  const inEachStatus = async (): Promise<readonly Task[]> => {
    const succeeded = await context.running();
    await context.complete(leaseOf(succeeded), payload('1'));
    const failed = await context.running({ retryPolicy: { ...succeeded.retryPolicy, maxAttempts: 2 } });
    await context.fail(leaseOf(failed));
    const running = await context.running();
    const asked = await context.running();
    await context.tasks.cancelTask(asked);
    const cancelled = await context.createOne();
    await context.tasks.cancelTask({ namespace: context.namespace, id: cancelled });
    const pending = await context.createOne();
    await context.events();
    const ids = [succeeded.id, failed.id, running.id, asked.id, cancelled, pending];
    return Promise.all(ids.map((id) => context.get(id)));
  };
  const batchOf = (tasks: readonly Task[], statuses = ALL) => ({
    namespace: context.namespace,
    ids: [...tasks.map(({ id }) => id), 'no-such-task'],
    statuses,
  });
  const byId = <T extends { readonly id: string }>(tasks: readonly T[]) =>
    [...tasks].sort((a, b) => compareIds(a.id, b.id));
  const summary = (tasks: readonly { id: string; queue: string; type: string; status: TaskStatus }[]) =>
    byId(tasks).map(({ id, queue, type, status }) => ({ id, queue, type, status }));
  const eventsById = async () => plain([...(await context.events())].sort((a, b) => compareIds(a.taskId, b.taskId)));

  describe('changing many tasks', () => {
    it('cancels as the pure command does, and leaves the rest alone', async () => {
      const tasks = await inEachStatus();
      const now = context.clock.advance(Duration.ofSeconds(5));
      const changes = tasks
        .filter(({ status }) => status === 'PENDING' || status === 'RUNNING')
        .flatMap((task) => cancelTask(task, now) ?? []);
      expect(changes).toHaveLength(2);
      const changed = await context.tasks.cancelTasks(batchOf(tasks));
      expect(summary(changed)).toEqual(summary(changes.map(({ task }) => task)));
      expect(await eventsById()).toEqual(
        plain(byId(changes.map(({ task, event }) => ({ ...event, id: task.id }))).map(({ id: _, ...event }) => event)),
      );
      for (const before of tasks) {
        const after = changes.find(({ task }) => task.id === before.id)?.task ?? before;
        expect(plain(await context.get(before.id))).toEqual(plain(after));
      }
    });

    it('redrives as the pure command does, and what was redriven runs again', async () => {
      const tasks = await inEachStatus();
      const now = context.clock.advance(Duration.ofSeconds(5));
      const failed = tasks.find(({ status }) => status === 'FAILED') as Task;
      const change = redriveTask(failed, now);
      expect(summary(await context.tasks.redriveTasks(batchOf(tasks)))).toEqual(summary([change?.task as Task]));
      expect(await eventsById()).toEqual(plain([change?.event]));
      for (const before of tasks) {
        const after = before.id === failed.id ? change?.task : before;
        expect(plain(await context.get(before.id))).toEqual(plain(after));
      }
      const claimed = await context.claim({ count: 10 });
      expect(claimed.find(({ id }) => id === failed.id)).toMatchObject({ attempt: 2, maxAttempts: 3 });
    });

    it('deletes, tells of it, and refuses what the worker says from then on', async () => {
      const tasks = await inEachStatus();
      const now = context.clock.advance(Duration.ofSeconds(5));
      expect(summary(await context.tasks.deleteTasks(batchOf(tasks)))).toEqual(summary(tasks));
      expect(await eventsById()).toEqual(plain(byId(tasks).map((task) => deleteTask(task, now))));
      expect(await context.list()).toEqual([]);
      expect(await context.tasks.deleteTasks(batchOf(tasks))).toEqual([]);
      expect(await context.events()).toEqual([]);
      const running = tasks.find(({ status }) => status === 'RUNNING') as Task;
      expect((await context.complete(leaseOf(running))).refusal?.reason).toBe('LEASE_LOST');
      expect((await context.extend(leaseOf(running))).refusal?.reason).toBe('LEASE_LOST');
    });

    it('changes only tasks in the statuses that are asked for', async () => {
      const tasks = await inEachStatus();
      expect(summary(await context.tasks.cancelTasks(batchOf(tasks, ['PENDING'])))).toHaveLength(1);
      expect(await context.tasks.redriveTasks(batchOf(tasks, ['PENDING', 'SUCCEEDED']))).toEqual([]);
      const deleted = await context.tasks.deleteTasks(batchOf(tasks, ['SUCCEEDED']));
      expect(deleted.map(({ status }) => status)).toEqual(['SUCCEEDED']);
      expect(await context.list()).toHaveLength(5);
    });

    it('finds nothing in another namespace', async () => {
      const batch = { ...batchOf(await inEachStatus()), namespace: `${context.namespace}.other` };
      expect(await context.tasks.cancelTasks(batch)).toEqual([]);
      expect(await context.tasks.redriveTasks(batch)).toEqual([]);
      expect(await context.tasks.deleteTasks(batch)).toEqual([]);
    });

    it('changes each once when several try at once', async () => {
      const ids = await context.createMany(50);
      await context.events();
      const batch = { namespace: context.namespace, ids, statuses: ALL };
      const answers = await Promise.all(Array.from({ length: 5 }, () => context.tasks.cancelTasks(batch)));
      expect(answers.flat()).toHaveLength(50);
      expect(await context.eventKinds()).toEqual(ids.map(() => 'cancelled'));
    });

    it('lists the ids of what would be listed', async () => {
      await inEachStatus();
      for (const statuses of [[], ['FAILED'], ['PENDING', 'RUNNING'], ['SUCCEEDED', 'FAILED'], ['PENDING', 'FAILED']]) {
        const query = { namespace: context.namespace, limit: 3, statuses: statuses as TaskStatus[] };
        const listed = await context.tasks.listTasks(query);
        expect(await context.tasks.listTaskIds(query)).toEqual(listed.map(({ id }) => id));
        const next = { ...query, afterId: listed[0]?.id ?? '' };
        expect(await context.tasks.listTaskIds(next)).toEqual(
          (await context.tasks.listTasks(next)).map(({ id }) => id),
        );
      }
    });
  });
}
