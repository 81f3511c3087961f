import type { WorkerProfile, WorkerProgress, WorkerState } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';

const idle: WorkerProgress = { running: 0, succeeded: 0, failed: 0, lastFinishAt: null };

/** What the worker registry's record must do. */
export function workerTests(context: SuiteContext): void {
  const workers = () => context.store.workers;
  const keyOf = (id: string) => ({ namespace: context.namespace, id });
  const profile = (id: string): WorkerProfile => ({
    ...keyOf(id),
    queues: ['mail', 'pay "now"'],
    types: ['mail.*'],
    concurrency: 10,
    hostname: 'höst-1',
    processId: 4711,
    sdk: 'orrery-typescript/0.1.0',
    labels: { zone: 'a' },
  });
  const states = async () => {
    const list = await workers().list({ namespace: context.namespace, states: [], limit: 100 });
    return Object.fromEntries(list.map(({ id, state }) => [id, state]));
  };
  const silence = Duration.ofSeconds(60);

  describe('workers', () => {
    // Workers of earlier tests would be among those that are silent.
    beforeEach(async () => {
      context.clock.advance(Duration.of({ days: 1 }));
      await workers().markLost(Duration.ofSeconds(1), 1_000_000);
      await workers().purge(Duration.ofSeconds(1));
    });

    it('are put on record as they describe themselves', async () => {
      const now = context.clock.now();
      const times = { registeredAt: now, heartbeatAt: now };
      const expected = { ...profile('w'), state: 'ACTIVE', progress: idle, ...times, revision: 1 };
      expect(plain(await workers().register(profile('w')))).toEqual(plain(expected));
      expect(plain(await workers().get(keyOf('w')))).toEqual(plain(expected));
      expect(await workers().get({ ...keyOf('w'), namespace: 'other' })).toBeNull();
      expect(await workers().get(keyOf('x'))).toBeNull();
    });

    it('replace what was on record under their id', async () => {
      await workers().register(profile('w'));
      await workers().heartbeat(keyOf('w'), { running: 1, succeeded: 2, failed: 3, lastFinishAt: new Date() });
      await workers().move(keyOf('w'), ['ACTIVE'], 'STOPPED');
      const now = context.clock.advance(Duration.ofSeconds(5));
      const second = { ...profile('w'), queues: [], types: [], labels: {}, concurrency: 1 };
      const times = { registeredAt: now, heartbeatAt: now };
      const expected = { ...second, state: 'ACTIVE', progress: idle, ...times, revision: 3 };
      expect(plain(await workers().register(second))).toEqual(plain(expected));
      expect(plain(await workers().get(keyOf('w')))).toEqual(plain(expected));
    });

    it('report their progress with each heartbeat', async () => {
      const registered = await workers().register(profile('w'));
      const now = context.clock.advance(Duration.ofSeconds(5));
      const progress = { running: 3, succeeded: 4_000_000_000, failed: 1, lastFinishAt: new Date(now.getTime() - 1) };
      const expected = plain({ ...registered, progress, heartbeatAt: now });
      expect(plain(await workers().heartbeat(keyOf('w'), progress))).toEqual(expected);
      expect(plain(await workers().get(keyOf('w')))).toEqual(expected);
      expect(await workers().heartbeat(keyOf('x'), progress)).toBeNull();
    });

    it.each([
      ['ACTIVE', 'ACTIVE'],
      ['DRAINING', 'DRAINING'],
      ['LOST', 'ACTIVE'],
      ['STOPPED', 'STOPPED'],
    ] as const)('that are %s are %s after a heartbeat', async (before, after) => {
      await workers().register(profile('w'));
      await workers().move(keyOf('w'), ['ACTIVE'], before);
      const now = context.clock.advance(Duration.ofSeconds(5));
      const worker = await workers().heartbeat(keyOf('w'), { ...idle, running: 2 });
      expect(worker).toMatchObject({ state: after, progress: { running: 2 } });
      expect(worker?.heartbeatAt).toEqual(now);
    });

    it('move only from the states that are named', async () => {
      const registered = await workers().register(profile('w'));
      context.clock.advance(Duration.ofSeconds(5));
      const draining = await workers().move(keyOf('w'), ['LOST', 'ACTIVE'], 'DRAINING');
      expect(plain(draining)).toEqual(plain({ ...registered, state: 'DRAINING', revision: 2 }));
      expect(await workers().move(keyOf('w'), ['ACTIVE'], 'STOPPED')).toBeNull();
      expect(await workers().move(keyOf('w'), [], 'STOPPED')).toBeNull();
      expect(await workers().move(keyOf('x'), ['ACTIVE'], 'STOPPED')).toBeNull();
      expect(await states()).toEqual({ w: 'DRAINING' });
    });

    const inEachState = async () => {
      for (const state of ['ACTIVE', 'DRAINING', 'STOPPED', 'LOST'] satisfies WorkerState[]) {
        await workers().register(profile(state));
        await workers().move(keyOf(state), ['ACTIVE'], state);
      }
    };

    it('are lost when they were silent for longer than a time', async () => {
      await inEachState();
      context.clock.advance(silence);
      expect(await workers().markLost(silence, 100)).toEqual([]);
      context.clock.advance(Duration.ofMillis(1));
      const lost = await workers().markLost(silence, 100);
      expect(lost.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(['ACTIVE LOST', 'DRAINING LOST']);
      expect(await states()).toEqual({ ACTIVE: 'LOST', DRAINING: 'LOST', STOPPED: 'STOPPED', LOST: 'LOST' });
      expect(await workers().markLost(silence, 100)).toEqual([]);
    });

    it('are marked lost so many at a time, each once', async () => {
      for (const id of ['a', 'b', 'c']) await workers().register(profile(id));
      context.clock.advance(silence.times(2));
      const first = await workers().markLost(silence, 2);
      const second = await workers().markLost(silence, 2);
      expect([first.length, second.length]).toEqual([2, 1]);
      expect([...first, ...second].map(({ id }) => id).sort()).toEqual(['a', 'b', 'c']);
    });

    it('are forgotten when they stopped or were lost, after a time of silence', async () => {
      await inEachState();
      context.clock.advance(silence);
      expect(await workers().purge(silence)).toBe(0);
      context.clock.advance(Duration.ofMillis(1));
      expect(await workers().purge(silence)).toBe(2);
      expect(await states()).toEqual({ ACTIVE: 'ACTIVE', DRAINING: 'DRAINING' });
    });

    it('are listed by id in pages, by state if one likes', async () => {
      for (const id of ['b', 'B', 'a', '_']) await workers().register(profile(id));
      await workers().move(keyOf('a'), ['ACTIVE'], 'DRAINING');
      const ids = async (query: { states?: readonly WorkerState[]; afterId?: string; limit?: number }) => {
        const list = await workers().list({ namespace: context.namespace, states: [], limit: 100, ...query });
        return list.map(({ id }) => id);
      };
      expect(await ids({})).toEqual(['B', '_', 'a', 'b']);
      expect(await ids({ limit: 2 })).toEqual(['B', '_']);
      expect(await ids({ limit: 2, afterId: '_' })).toEqual(['a', 'b']);
      expect(await ids({ states: ['ACTIVE'] })).toEqual(['B', '_', 'b']);
      expect(await ids({ states: ['DRAINING', 'LOST'] })).toEqual(['a']);
      expect(await workers().list({ namespace: 'other', states: [], limit: 100 })).toEqual([]);
    });
  });

  describe('the store', () => {
    it('answers, and can be migrated again by several at once without losing anything', async () => {
      const id = await context.createOne();
      await Promise.all([context.store.migrate(), context.store.migrate()]);
      await context.store.ping();
      expect((await context.get(id)).status).toBe('PENDING');
    });
  });
}
