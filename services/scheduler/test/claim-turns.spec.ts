import { DEFAULT_AGEING, type ClaimStrategy, type FlowLimit } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { openMemoryStore } from '@orrery/store';
import { FakeClock } from '@orrery/testing';
import { ClaimTurns } from '../src/claim-turns.ts';
import { addTasks, refOf, startScheduler, TestWorker } from './harness.ts';

function startTurns(strategy: ClaimStrategy) {
  const clock = new FakeClock();
  const store = openMemoryStore({ clock });
  const leaseDuration = Duration.ofSeconds(30);
  const options = { namespace: 'default', workerId: 'w', queues: ['default'], types: [], strategy, leaseDuration };
  return { clock, store, turns: new ClaimTurns(options, store.tasks, clock, DEFAULT_AGEING) };
}

describe('claims in turn', () => {
  it.each([
    ['PRIORITY', 100],
    ['LIFO', 0],
  ] as const)('A4: by %s nothing starves, however much comes before it', async (strategy, priority) => {
    const { clock, store, turns } = startTurns(strategy);
    const old = new Set(await addTasks(store, 3));
    const claimOfMany = async () => {
      await addTasks(store, 1, { priority });
      clock.advance(Duration.ofMillis(10));
      const { tasks } = await turns.claim(['w']);
      return tasks.filter(({ id }) => old.has(id)).length;
    };
    // Something is always waiting, so that every claim fills up.
    await addTasks(store, 100, { priority });
    clock.advance(Duration.ofMillis(10));
    let early = 0;
    for (let claim = 0; claim < 50; claim += 1) early += await claimOfMany();
    clock.advance(DEFAULT_AGEING);
    let late = 0;
    for (let claim = 0; claim < 50; claim += 1) late += await claimOfMany();
    expect([early, late]).toEqual([0, 3]);
    await store.close();
  });

  it('A11: each claim goes on with the next key', async () => {
    const { store, turns } = startTurns('PRIORITY');
    for (const flowKey of ['a', 'b', 'c']) await addTasks(store, 5, { flowKey });
    const keys: string[] = [];
    for (let claim = 0; claim < 7; claim += 1)
      keys.push(...(await turns.claim(['w'])).tasks.map((task) => task.flowKey));
    expect(keys).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a']);
    await store.close();
  });
});

describe('A11: a worker under a limit', () => {
  const open: FlowLimit = {
    namespace: 'default',
    name: 'limit',
    queue: '',
    type: '',
    perKey: false,
    maxRunning: null,
    rate: null,
  };

  it('is given the next task when one has ended, not when somebody looks again', async () => {
    const server = await startScheduler();
    await server.store.flow.setLimit({ ...open, maxRunning: 1 });
    await addTasks(server.store, 12);
    const worker = new TestWorker(server.dispatch);
    worker.hello('w');
    worker.credits(100);
    const begun = performance.now();
    for (let task = 0; task < 12; task += 1) {
      const { leases } = await worker.next('leases');
      expect(leases).toHaveLength(1);
      const completions = leases.map((lease) => ({ lease: refOf(lease), result: undefined }));
      worker.send({ $case: 'outcomes', value: { completions, failures: [], releases: [] } });
    }
    // Looking again, which is done once a second, would take 11 s.
    expect(performance.now() - begun).toBeLessThan(8000);
    worker.end();
    await server.stop();
  });
});
