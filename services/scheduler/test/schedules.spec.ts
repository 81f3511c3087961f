import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EXPONENTIAL,
  nextCronTime,
  type Clock,
  type OverlapPolicy,
  type ScheduleTiming,
  type Store,
} from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLogger } from '@orrery/service';
import { openStore } from '@orrery/store';
import { FakeClock, startEphemeralPostgres } from '@orrery/testing';
import { createSchedulerService } from '../src/index.ts';

/** Two schedulers' stores on one database. */
interface Databases {
  open(clock: Clock): Promise<readonly [Store, Store]>;
  close(): Promise<void>;
}

const NAMESPACE = 'default';
const BEFORE = Duration.of({ hours: 5 });
const OUTAGE = Duration.of({ hours: 6 });

// In Berlin the clocks go forward, and back, at 01:00 UTC.
const ZONE = 'Europe/Berlin';
const CHANGES = [
  { name: 'spring', start: '2026-03-28T22:00:30Z' },
  { name: 'autumn', start: '2026-10-24T22:00:30Z' },
];

const EXPRESSIONS = ['*/15 * * * *', '0 * * * *', '30 2 * * *', '*/20 2 * * *', '10 */2 * * *'];
const KINDS: readonly (readonly [overlap: OverlapPolicy, catchUp: number])[] = [
  ['ALLOW', 1000],
  ['ALLOW', 0],
  ['SKIP', 1000],
  ['QUEUE', 3],
  ['CANCEL_OTHER', 1000],
];

/** Fifty schedules: every kind with every expression, half of them where clocks change, half in UTC. */
const SCHEDULES = KINDS.flatMap(([overlap, catchUp]) =>
  EXPRESSIONS.flatMap((expression) =>
    ['UTC', ZONE].map((timeZone) => ({
      id: `${overlap}-${catchUp}/${expression.replaceAll(/[^0-9]/g, '_')}/${timeZone}`,
      timing: { kind: 'CRON', expression, timeZone } as const,
      overlap,
      catchUp,
    })),
  ),
);

const databases: Readonly<Record<string, () => Promise<Databases>>> = {
  SQLite: async () => {
    let files = 0;
    const folder = mkdtempSync(join(tmpdir(), 'orrery-schedules-'));
    return {
      async open(clock) {
        const store = await openStore(`sqlite:${join(folder, `${++files}.sqlite`)}`, { clock });
        await store.migrate();
        return [store, store];
      },
      close: async () => rmSync(folder, { recursive: true }),
    };
  },
  PostgreSQL: async () => {
    const postgres = await startEphemeralPostgres();
    return {
      async open(clock) {
        const url = await postgres.createDatabase();
        const stores = await Promise.all([openStore(url, { clock }), openStore(url, { clock })]);
        await stores[0].migrate();
        return stores;
      },
      close: () => postgres.stop(),
    };
  },
};

describe.each(Object.keys(databases))('two schedulers on %s', (name) => {
  let databasesOf: Databases;
  beforeAll(async () => (databasesOf = await databases[name]!()), 60_000);
  afterAll(() => databasesOf.close());

  it.each(CHANGES)(
    'A6: across the change of clocks in $name and an outage of 6 hours, each slot of 50 schedules is fired once',
    async ({ start }) => {
      const clock = new FakeClock(new Date(start));
      const stores = await databasesOf.open(clock);
      const [store] = stores;
      const logger = createLogger({ level: 'error', format: 'json' });
      const schedulers = stores.map((each) =>
        createSchedulerService({ store: each, logger, clock, maxPayloadBytes: 1024, publish: async () => {} }),
      );
      try {
        for (const schedule of SCHEDULES) await create(store, schedule);
        const begun = clock.now();
        const wake = async () => {
          for (const { control } of schedulers) control.wake({ schedules: true });
          await settled(store, clock);
        };
        // Half a minute after each slot, so that none is missed.
        const passUntil = async (end: Date) => {
          for (;;) {
            const all = await store.schedules.listSchedules({ namespace: NAMESPACE, limit: 100 });
            const next = Math.min(...all.map(({ nextRunAt }) => nextRunAt?.getTime() ?? Infinity)) + 30_000;
            if (next > end.getTime()) return;
            clock.set(new Date(next));
            await wake();
            await completeAll(store);
          }
        };
        await passUntil(BEFORE.addTo(begun));
        const outage = { from: clock.now(), until: clock.advance(OUTAGE) };
        await wake();
        // What waits runs one after the other.
        for (let round = 0; round < 6; round++) {
          await completeAll(store);
          await wake();
          await queueMoved(store);
        }
        await passUntil(Duration.of({ hours: 1 }).addTo(clock.now()));

        for (const schedule of SCHEDULES) {
          const slots = slotsOf(schedule.timing, begun, clock.now());
          const { missed, onTime } = split(slots, outage);
          const madeUp = schedule.catchUp === 0 ? [] : missed.slice(-schedule.catchUp);
          const overlapping = [...madeUp, ...onTime];
          const afterOutage =
            schedule.overlap === 'SKIP'
              ? overlapping.slice(0, 1)
              : schedule.overlap === 'CANCEL_OTHER'
                ? overlapping.slice(-1)
                : overlapping;
          const others = slots.filter((slot) => !missed.includes(slot) && !onTime.includes(slot));
          const expected = [...others, ...afterOutage].sort();
          const fired = await firedSlots(store, schedule.id);
          expect({ id: schedule.id, fired }).toEqual({ id: schedule.id, fired: expected });
          const kept = await store.schedules.getSchedule({ namespace: NAMESPACE, id: schedule.id });
          expect(kept).toMatchObject({ firedCount: expected.length, skippedCount: slots.length - expected.length });
        }
        await expectEventsInOrder(store);
      } finally {
        for (const scheduler of schedulers) await scheduler.stop?.();
        for (const each of new Set(stores)) await each.close();
      }
    },
    120_000,
  );
});

async function create(store: Store, { id, ...wish }: (typeof SCHEDULES)[number]): Promise<void> {
  const task = {
    queue: 'default',
    type: 'test.work',
    params: { data: Uint8Array.of(), contentType: 'application/json' },
    priority: 0,
    retryPolicy: EXPONENTIAL,
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    flowKey: '',
  };
  const definition = { ...wish, task, startAt: null, endAt: null, jitter: null };
  await store.schedules.createSchedule({ namespace: NAMESPACE, id, definition, paused: false, request: null });
}

/** Waits until the schedulers have done everything that is due. */
async function settled(store: Store, clock: Clock): Promise<void> {
  for (;;) {
    const all = await store.schedules.listSchedules({ namespace: NAMESPACE, limit: 100 });
    if (all.every(({ nextRunAt }) => nextRunAt && nextRunAt > clock.now())) return;
    await sleep(5);
  }
}

/** Waits until the next waiting runs have begun, if any wait. */
async function queueMoved(store: Store): Promise<void> {
  for (;;) {
    const all = await store.schedules.listSchedules({ namespace: NAMESPACE, limit: 100 });
    const live = await store.tasks.listTasks({ namespace: NAMESPACE, statuses: ['PENDING', 'RUNNING'], limit: 10_000 });
    const ids = new Set(live.map(({ id }) => id));
    if (all.every(({ queuedCount, activeTaskId }) => queuedCount === 0 || ids.has(activeTaskId))) return;
    await sleep(5);
  }
}

/** Does what a worker would. */
async function completeAll(store: Store): Promise<void> {
  const slots = Array.from({ length: 1000 }, () => 'worker-1');
  const claim = { namespace: NAMESPACE, queues: ['default'], types: [], strategy: 'FIFO', slots } as const;
  for (;;) {
    const tasks = await store.tasks.claimTasks({ ...claim, leaseDuration: Duration.of({ hours: 9 }) });
    if (tasks.length === 0) return;
    const leases = tasks.map(({ id, leaseToken }) => ({ taskId: id, token: leaseToken ?? '' }));
    await store.tasks.completeTasks(
      NAMESPACE,
      leases.map((lease) => ({ lease, result: null })),
    );
  }
}

function slotsOf(timing: ScheduleTiming & { readonly kind: 'CRON' }, from: Date, until: Date): readonly string[] {
  const slots: string[] = [];
  let slot = nextCronTime(timing.expression, timing.timeZone, new Date(from.getTime() - 1));
  for (; slot && slot <= until; slot = nextCronTime(timing.expression, timing.timeZone, slot))
    slots.push(slot.toISOString());
  return slots;
}

/** The slots of the outage: those that were late by more than a minute when it ended, and those that were not. */
function split(slots: readonly string[], { from, until }: { readonly from: Date; readonly until: Date }) {
  const within = slots.filter((slot) => new Date(slot) > from && new Date(slot) <= until);
  const isLate = (slot: string) => until.getTime() - Date.parse(slot) > 60_000;
  return { missed: within.filter(isLate), onTime: within.filter((slot) => !isLate(slot)) };
}

/** The slots of the tasks that a schedule made, from the tasks themselves; each task is there once. */
async function firedSlots(store: Store, id: string): Promise<readonly string[]> {
  const runs = await store.schedules.listScheduleRuns({ schedule: { namespace: NAMESPACE, id }, limit: 10_000 });
  const keys = runs.map(({ taskId }) => ({ namespace: NAMESPACE, id: taskId }));
  const tasks = await store.tasks.getTasks(keys);
  expect(tasks.map((task) => task.scheduleId)).toEqual(runs.map(() => id));
  return tasks.map((task) => task.id.slice(id.length + 1)).sort();
}

/** The events of each schedule are 1, 2, 3, … and each of its tasks was created once. */
async function expectEventsInOrder(store: Store): Promise<void> {
  while ((await store.events.sequence(1000)) > 0);
  const events = (await store.events.read(0n, 100_000)).flatMap((batch) => batch.events);
  for (const { id } of SCHEDULES) {
    const own = events.filter((event) => event.noun === 'schedule' && event.scheduleId === id);
    expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, i) => i + 1));
  }
  const created = events.flatMap((event) => (event.noun === 'task' && event.kind === 'created' ? [event.taskId] : []));
  expect(new Set(created).size).toBe(created.length);
}
