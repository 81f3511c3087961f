import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLogger } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { addTasks } from '../test/harness.ts';
import type { Claimer, ClaimOptions } from './claimer.ts';
import { Dispatcher } from './dispatcher.ts';

const options: ClaimOptions = {
  namespace: 'default',
  workerId: 'w1',
  queues: ['default'],
  types: [],
  strategy: 'PRIORITY',
  leaseDuration: Duration.ofSeconds(30),
};

describe('ClaimGroup', () => {
  const store = openMemoryStore({});
  const dispatcher = new Dispatcher(store, createLogger({ level: 'error', format: 'json' }), () => {});

  afterAll(async () => {
    await dispatcher.stop();
    await store.close();
  });

  it('hands tasks back whose claimer went away while they were claimed, without using up an attempt', async () => {
    const ids = await addTasks(store, 3);
    const claimedForNobody = Promise.withResolvers<void>();
    let credits = 3;
    const gone: Claimer = {
      options: { ...options, workerId: 'gone' },
      wanted: () => credits,
      deliver: () => {
        credits = 0;
        claimedForNobody.resolve();
        return false;
      },
    };
    const { remove } = dispatcher.add(gone);
    await claimedForNobody.promise;
    remove();

    const delivered = Promise.withResolvers<readonly Task[]>();
    let wanted = 3;
    const there: Claimer = {
      options,
      wanted: () => wanted,
      deliver: (tasks) => {
        wanted = 0;
        delivered.resolve(tasks);
        return true;
      },
    };
    const place = dispatcher.add(there);
    const tasks = await delivered.promise;
    place.remove();
    expect(tasks.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect(tasks.every(({ attempt, workerId }) => attempt === 1 && workerId === 'w1')).toBe(true);
  });

  it('serves many waiting claimers from one claim', async () => {
    const claims: number[] = [];
    const claimTasks = store.tasks.claimTasks.bind(store.tasks);
    const counting = {
      ...store.tasks,
      claimTasks: (claim: Parameters<typeof claimTasks>[0]) => (claims.push(claim.slots.length), claimTasks(claim)),
    };
    const counted = new Dispatcher(
      { tasks: Object.assign(Object.create(store.tasks), counting), flow: store.flow },
      createLogger({ level: 'error', format: 'json' }),
      () => {},
    );
    const all = Promise.withResolvers<void>();
    let left = 40;
    const places = Array.from({ length: 20 }, (_, i) => {
      let wanted = 2;
      return counted.add({
        options: { ...options, workerId: `many-${i}` },
        wanted: () => wanted,
        deliver: (tasks) => {
          wanted -= tasks.length;
          left -= tasks.length;
          if (left === 0) all.resolve();
          return true;
        },
      });
    });
    await addTasks(store, 40);
    counted.wake([{ namespace: 'default', queue: 'default' }]);
    await all.promise;
    for (const place of places) place.remove();
    await counted.stop();
    expect(claims.at(-1)).toBe(40);
    expect(claims.length).toBeLessThanOrEqual(3);
  });

  it('claims nothing for credits alone when the last claim has left nothing', async () => {
    const claims: number[] = [];
    const settled = new EventEmitter();
    const claimTasks = store.tasks.claimTasks.bind(store.tasks);
    const counting = {
      claimTasks: async (claim: Parameters<typeof claimTasks>[0]) => {
        const tasks = await claimTasks(claim);
        claims.push(tasks.length);
        if (tasks.length === 0) settled.emit('none');
        return tasks;
      },
    };
    const counted = new Dispatcher(
      { tasks: Object.assign(Object.create(store.tasks), counting), flow: store.flow },
      createLogger({ level: 'error', format: 'json' }),
      () => {},
    );
    let wanted = 2;
    const deliver = (tasks: readonly Task[]): boolean => {
      wanted = 0;
      return settled.emit('delivered', tasks);
    };
    const none = once(settled, 'none');
    const place = counted.add({ options, wanted: () => wanted, deliver });
    await none;
    await addTasks(store, 3);
    const two = once(settled, 'delivered');
    counted.wake([{ namespace: 'default', queue: 'default' }]);
    await two;
    // Two of three were taken, so that there may be more.
    const one = once(settled, 'delivered');
    wanted = 2;
    place.takesMore();
    await one;
    expect(claims).toEqual([0, 2, 1]);
    wanted = 2;
    place.takesMore();
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    expect(claims).toEqual([0, 2, 1]);
    place.remove();
    await counted.stop();
  });
});
