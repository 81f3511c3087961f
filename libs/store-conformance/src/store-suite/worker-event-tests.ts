import { workerEventOf, type Worker, type WorkerEvent, type WorkerEventKind, type WorkerProfile } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { one } from './suite-values.ts';

const IDLE = { running: 0, succeeded: 0, failed: 0, lastFinishAt: null };

/** What the event log must tell of workers. */
export function workerEventTests(context: SuiteContext): void {
  const workers = () => context.store.workers;
  const keyOf = (id: string) => ({ namespace: context.namespace, id });
  const profile = (id: string): WorkerProfile => ({
    ...keyOf(id),
    queues: ['mail'],
    types: [],
    concurrency: 1,
    hostname: 'host',
    processId: 1,
    sdk: 'test',
    labels: {},
  });
  const known = (worker: Worker | null): Worker => one(worker ? [worker] : []);
  const told = async () => (await context.allEvents()).filter((event) => event.noun === 'worker');
  const kinds = async () => (await told()).map(({ kind, workerId, sequence }) => `${workerId} ${sequence} ${kind}`);
  const silence = Duration.ofSeconds(60);

  describe('the events of workers', () => {
    beforeEach(async () => {
      context.clock.advance(Duration.of({ days: 1 }));
      await workers().markLost(Duration.ofSeconds(1), 1_000_000);
      await workers().purge(Duration.ofSeconds(1));
      await context.batches();
    });

    it('tell of each change of state, once, with the worker as it then was', async () => {
      const expected: WorkerEvent[] = [];
      const note = (kind: WorkerEventKind, worker: Worker | null) =>
        expected.push(workerEventOf(known(worker), kind, context.clock.now()));
      const step = () => context.clock.advance(Duration.ofSeconds(1));
      note('started', await workers().register(profile('w')));
      step();
      note('draining', await workers().move(keyOf('w'), ['ACTIVE'], 'DRAINING'));
      context.clock.advance(silence);
      note('lost', one(await workers().markLost(Duration.ofSeconds(1), 10)));
      step();
      note('recovered', await workers().heartbeat(keyOf('w'), IDLE));
      step();
      note('stopped', await workers().move(keyOf('w'), ['ACTIVE', 'DRAINING'], 'STOPPED'));
      step();
      note('started', await workers().register(profile('w')));
      step();
      note('lost', await workers().move(keyOf('w'), ['ACTIVE'], 'LOST'));
      step();
      note('recovered', await workers().move(keyOf('w'), ['LOST'], 'ACTIVE'));
      expect(plain(await told())).toEqual(plain(expected));
      expect(expected.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect((await workers().get(keyOf('w')))?.revision).toBe(8);
    });

    it('are none where nothing changed', async () => {
      await workers().register(profile('w'));
      expect(await kinds()).toEqual(['w 1 started']);
      await workers().heartbeat(keyOf('w'), { ...IDLE, running: 1 });
      await workers().heartbeat(keyOf('x'), IDLE);
      expect((await workers().move(keyOf('w'), ['ACTIVE'], 'ACTIVE'))?.revision).toBe(1);
      await workers().move(keyOf('w'), ['LOST'], 'STOPPED');
      await workers().move(keyOf('x'), ['ACTIVE'], 'STOPPED');
      await workers().markLost(silence, 10);
      await workers().purge(silence);
      expect(await told()).toEqual([]);
    });

    it('count on without a gap however many heartbeats find a lost worker at once', async () => {
      await workers().register(profile('w'));
      await workers().move(keyOf('w'), ['ACTIVE'], 'LOST');
      await Promise.all(Array.from({ length: 10 }, () => workers().heartbeat(keyOf('w'), IDLE)));
      expect(await kinds()).toEqual(['w 1 started', 'w 2 lost', 'w 3 recovered']);
    });

    it('tell of all who are lost at once, whatever their namespaces', async () => {
      await workers().register(profile('a'));
      await workers().register(profile('b'));
      await workers().register({ ...profile('a'), namespace: `${context.namespace}-other` });
      await context.batches();
      context.clock.advance(silence.times(2));
      await workers().markLost(silence, 10);
      const events = (await context.batches()).flatMap((batch) => batch.events);
      const names = events.map(({ kind, namespace, ...event }) => {
        return [kind, namespace.slice(context.namespace.length), event.noun === 'worker' && event.workerId].join(' ');
      });
      expect(names.sort()).toEqual(['lost  a', 'lost  b', 'lost -other a']);
    });
  });
}
