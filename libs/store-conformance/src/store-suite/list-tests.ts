import type { ListTasks } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, one } from './suite-values.ts';

/** What getting and listing tasks must do. */
export function listTests(context: SuiteContext): void {
  describe('getting tasks', () => {
    it('returns those that exist, live and ended ones, each once', async () => {
      const done = await context.running();
      await context.complete(leaseOf(done));
      const live = await context.createOne();
      const keys = [done.id, 'no-such-task', live, live].map((id) => ({ namespace: context.namespace, id }));
      const found = await context.tasks.getTasks(keys);
      expect(found.map(({ id }) => id).sort()).toEqual([done.id, live].sort());
      expect((await context.tasks.getTasks(keys, 'all')).map(({ id }) => id).sort()).toEqual([done.id, live].sort());
      expect((await context.tasks.getTasks(keys, 'ended')).map(({ id }) => id)).toEqual([done.id]);
      expect(await context.tasks.getTasks([])).toEqual([]);
    });

    it('looks in the namespace of each key', async () => {
      const id = await context.createOne();
      expect(await context.tasks.getTasks([{ namespace: `${context.namespace}-other`, id }])).toEqual([]);
    });

    it('takes 1,000 keys at once', async () => {
      const ids = await context.createMany(1000);
      const keys = ids.map((id) => ({ namespace: context.namespace, id }));
      expect(await context.tasks.getTasks(keys)).toHaveLength(1000);
    });
  });

  describe('listing tasks', () => {
    const ids = async (query: Partial<ListTasks>) => (await context.list(query)).map(({ id }) => id);
    const named = (id: string) => ({ id, idIsCallers: true });

    it('goes by id, descending, by their bytes', async () => {
      await context.create(...['b', 'B', '10', '9', '_', 'a/b', 'a-b', 'a.b', 'a:b', 'a'].map(named));
      const expected = ['b', 'a:b', 'a/b', 'a.b', 'a-b', 'a', '_', 'B', '9', '10'];
      expect(await ids({})).toEqual(expected);
      expect(await ids({ limit: 3 })).toEqual(expected.slice(0, 3));
      expect(await ids({ afterId: 'a/b' })).toEqual(expected.slice(3));
      expect(await ids({ afterId: 'a/c', limit: 2 })).toEqual(['a/b', 'a.b']);
      expect(await ids({ afterId: '10' })).toEqual([]);
    });

    it('returns the tasks as they are', async () => {
      const task = await context.running({ labels: { a: 'b' } });
      expect(plain(await context.list())).toEqual(plain([task]));
    });

    it('by status', async () => {
      await context.createMany(2, { queue: 'idle' });
      const done = await context.running();
      await context.complete(leaseOf(done));
      const failed = await context.running();
      await context.fail(leaseOf(failed));
      const running = await context.running();
      expect(await ids({ statuses: ['SUCCEEDED'] })).toEqual([done.id]);
      expect((await ids({ statuses: ['FAILED', 'RUNNING'] })).sort()).toEqual([failed.id, running.id].sort());
      expect(await ids({ statuses: ['PENDING'] })).toHaveLength(2);
      expect(await ids({ statuses: ['CANCELLED'] })).toEqual([]);
      expect(await ids({ statuses: [] })).toHaveLength(5);
    });

    it('by queue and type', async () => {
      await context.create(
        { ...named('1'), queue: 'a', type: 'mail.send' },
        { ...named('2'), queue: 'b', type: 'mail.send' },
        { ...named('3'), queue: 'c', type: 'mail' },
        { ...named('4'), queue: 'a', type: 'Mail.send' },
        { ...named('5'), queue: 'a', type: 'maXl.send' },
        { ...named('6'), queue: 'a', type: 'ma_l.send' },
      );
      expect(await ids({ queues: ['a', 'c'] })).toEqual(['6', '5', '4', '3', '1']);
      expect(await ids({ queues: [] })).toHaveLength(6);
      expect(await ids({ types: ['mail.send'] })).toEqual(['2', '1']);
      expect(await ids({ types: ['mail.*'] })).toEqual(['2', '1']);
      expect(await ids({ types: ['ma_l.*', 'mail'] })).toEqual(['6', '3']);
      expect(await ids({ types: [] })).toHaveLength(6);
      expect(await ids({ queues: ['a'], types: ['mail.*'] })).toEqual(['1']);
    });

    it('by labels, matched exactly', async () => {
      const odd = "a\"b.c$[0] 'x' ü";
      await context.create(
        { ...named('1'), labels: { team: 'red', city: 'bern' } },
        { ...named('2'), labels: { team: 'red' } },
        { ...named('3'), labels: { team: 'Red' } },
        { ...named('4'), labels: {} },
        { ...named('5'), labels: { [odd]: odd } },
        { ...named('6'), labels: { team: '' } },
      );
      expect(await ids({ labels: { team: 'red' } })).toEqual(['2', '1']);
      expect(await ids({ labels: { city: 'bern', team: 'red' } })).toEqual(['1']);
      expect(await ids({ labels: { team: '' } })).toEqual(['6']);
      expect(await ids({ labels: { [odd]: odd } })).toEqual(['5']);
      expect(await ids({ labels: { te: 'red' } })).toEqual([]);
      expect(await ids({ labels: { team: 're%' } })).toEqual([]);
      expect(await ids({ labels: {} })).toHaveLength(6);
    });

    it('by correlation and parent', async () => {
      await context.create(
        { ...named('1'), correlationId: 'x', parentTaskId: 'p' },
        { ...named('2'), correlationId: 'X' },
        { ...named('3'), parentTaskId: 'p' },
      );
      expect(await ids({ correlationId: 'x' })).toEqual(['1']);
      expect(await ids({ parentTaskId: 'p' })).toEqual(['3', '1']);
      expect(await ids({ parentTaskId: 'p', correlationId: 'x' })).toEqual(['1']);
      expect(await ids({ correlationId: 'y' })).toEqual([]);
    });

    it('by creation: from a time on, before another', async () => {
      const start = context.clock.now();
      const at = (second: number) => Duration.ofSeconds(second).addTo(start);
      for (const second of [0, 1, 2, 3]) {
        context.clock.set(at(second));
        await context.create(named(`${second}`));
      }
      expect(await ids({ createdFrom: at(1) })).toEqual(['3', '2', '1']);
      expect(await ids({ createdBefore: at(2) })).toEqual(['1', '0']);
      expect(await ids({ createdFrom: at(1), createdBefore: at(3) })).toEqual(['2', '1']);
      expect(await ids({ createdFrom: at(2), createdBefore: at(2) })).toEqual([]);
    });

    it('keeps to its namespace', async () => {
      await context.create({});
      expect(await context.list({ namespace: `${context.namespace}-other` })).toEqual([]);
    });

    it('pages without a duplicate or a gap while tasks are added, run and end', async () => {
      const before = [...(await context.createMany(95))].sort().reverse();
      const seen: string[] = [];
      for (let afterId: string | undefined; ;) {
        const page = await context.list({ limit: 10, ...(afterId !== undefined && { afterId }) });
        seen.push(...page.map(({ id }) => id));
        afterId = page.at(-1)?.id;
        if (page.length < 10) break;
        context.clock.advance(Duration.ofMillis(1));
        await context.createMany(3);
        const task = one(await context.claim({ strategy: seen.length % 20 ? 'FIFO' : 'LIFO' }));
        await context.complete(leaseOf(task));
      }
      expect(seen).toEqual(before);
    });
  });
}
