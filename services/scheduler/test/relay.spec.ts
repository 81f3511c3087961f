import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { EVENT_TYPES, type EventBus, newTaskId, RELAY_CURSOR, type Store, type Task } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { openNatsBus } from '@orrery/events';
import { openStore } from '@orrery/store';
import {
  Arrivals,
  type EphemeralNats,
  type EphemeralPostgres,
  Ledger,
  recordingLogger,
  startEphemeralNats,
  startEphemeralPostgres,
} from '@orrery/testing';
import { Client } from 'pg';
import { startRelayLoop } from '../src/relay-loop.ts';
import { startSequenceLoop } from '../src/sequence-loop.ts';
import { addTasks } from './harness.ts';

const STREAM = 'ORRERY';
/** How long a NATS that was killed waits for acknowledgements it has forgotten. */
const ACK_WAIT = Duration.ofSeconds(2);
const WINDOW = Duration.ofMillis(500);

let postgres: EphemeralPostgres;
let url: string;
let store: Store;
let nats: EphemeralNats;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startEphemeralPostgres();
}, 30_000);

afterAll(() => postgres.stop());

beforeEach(async () => {
  [url, nats] = await Promise.all([postgres.createDatabase(), startEphemeralNats()]);
  store = await openStore(url);
  await store.migrate();
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await store.close();
  await nats.stop();
});

async function openBus(): Promise<EventBus> {
  const bus = await openNatsBus({
    servers: nats.url,
    logger: recordingLogger(),
    duplicateWindow: WINDOW,
    ackWait: ACK_WAIT,
  });
  ends.push(() => bus.close());
  return bus;
}

/** A process that puts events in order and publishes them. */
async function startRelay(): Promise<{ stop(): Promise<void> }> {
  const bus = await openBus();
  const logger = recordingLogger();
  const own = await openStore(url);
  const relay = startRelayLoop({ events: own.events, publish: (events) => bus.publish(events), logger });
  const sequence = startSequenceLoop({ events: own.events, sequenced: () => relay.wake(), logger });
  let stopped: Promise<void> | undefined;
  const stop = () =>
    (stopped ??= (async () => {
      await sequence.stop();
      await relay.stop();
      await own.close();
    })());
  ends.push(stop);
  return { stop };
}

/** Receives for good under a name. */
async function consume(name: string): Promise<Arrivals> {
  const bus = await openBus();
  const arrivals = new Arrivals();
  await bus.consume({ name, types: EVENT_TYPES }, arrivals.take);
  return arrivals;
}

const FIRST = {
  namespace: 'default',
  queues: ['default'],
  types: [],
  strategy: 'FIFO',
  leaseDuration: Duration.ofSeconds(60),
} as const;

/** Creates tasks, starts as many and completes them; three events each. */
async function runTasks(rounds: number, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let round = 0; round < rounds; round++) {
    ids.push(...(await addTasks(store, count)));
    const leased: Task[] = [];
    // Others may take these tasks first and commit theirs too late for this claim to see them: then it comes back short.
    while (leased.length < count) {
      const slots = Array.from({ length: count - leased.length }, () => 'a worker');
      leased.push(...(await store.tasks.claimTasks({ ...FIRST, slots })));
    }
    const completions = leased.map(({ id, leaseToken }) => ({
      lease: { taskId: id, token: leaseToken ?? '' },
      result: null,
    }));
    await store.tasks.completeTasks('default', completions);
  }
  return ids;
}

function problems(ids: Iterable<string>, arrivals: Arrivals): readonly string[] {
  const ledger = new Ledger();
  for (const id of ids) ledger.acknowledged(id);
  for (const event of arrivals.events) if (event.noun === 'task') ledger.event(event);
  return ledger.check();
}

test('several relays, several writers and a transaction that commits late: every task in order and without a gap', async () => {
  const [ids] = await Promise.all([addTasks(store, 1), startRelay(), startRelay(), startRelay()]);
  const late = new Client({ connectionString: url });
  await late.connect();
  ends.push(() => late.end());
  const lateId = newTaskId();
  await late.query('begin');
  const copy =
    'insert into outbox (namespace, at, events) select namespace, at, replace(events, $1, $2) from outbox limit 1';
  await late.query(copy, [ids[0], lateId]);

  const arrivals = await consume('everything');
  const written = (await Promise.all(Array.from({ length: 4 }, () => runTasks(8, 25)))).flat();
  await arrivals.distinct(written.length * 3 + 1);
  expect(arrivals.ids.some((id) => id.includes(lateId))).toBe(false);
  await late.query('commit');
  await arrivals.distinct(written.length * 3 + 2);

  // Of the first task and the written ones one was left over, and the late one has only been created.
  const [...left] = problems([...ids, lateId, ...written], arrivals);
  expect(left.map((problem) => problem.replace(/".*"/, ''))).toEqual(
    Array(2).fill('task  has not ended: it is PENDING'),
  );
  expect(arrivals.ids.length).toBe(new Set(arrivals.ids).size);
}, 30_000);

test('a NATS that was down for longer than it knows duplicates gets everything', async () => {
  await startRelay();
  const arrivals = await consume('patient');
  const ids = [...(await runTasks(2, 20))];
  await arrivals.distinct(ids.length * 3);
  await nats.kill();
  const killedAt = performance.now();
  while (performance.now() - killedAt < 2 * WINDOW.toMillis()) ids.push(...(await runTasks(1, 20)));
  await nats.restart();
  await arrivals.distinct(ids.length * 3);
  expect(problems(ids, arrivals)).toEqual([]);
}, 30_000);

test('a relay that stops in the middle leaves the rest to another', async () => {
  const first = await startRelay();
  await startRelay();
  const arrivals = await consume('continuous');
  const ids = [...(await runTasks(3, 20))];
  await arrivals.distinct(20);
  await first.stop();
  ids.push(...(await runTasks(3, 20)));
  await arrivals.distinct(ids.length * 3);
  expect(problems(ids, arrivals)).toEqual([]);
}, 30_000);

test('a stream that was deleted holds the same events again after a replay', async () => {
  await startRelay();
  const before = await consume('before');
  const ids = await runTasks(4, 50);
  await before.distinct(ids.length * 3);

  const connection = await connect({ servers: nats.url });
  ends.push(() => connection.close());
  await (await jetstreamManager(connection)).streams.delete(STREAM);
  await store.events.resetCursor(RELAY_CURSOR, await store.events.positionBefore(new Date(0)));

  const after = await consume('after');
  await after.distinct(ids.length * 3);
  expect(new Set(after.ids)).toEqual(new Set(before.ids));
  expect(problems(ids, after)).toEqual([]);
  // The first consumer lost its place with the stream, and finds it again: everything comes once more.
  await before.count(ids.length * 6);
}, 30_000);

test('a consumer that goes on after a restart of everything has missed nothing', async () => {
  await startRelay();
  const firstBus = await openBus();
  const first = new Arrivals();
  const consumer = { name: 'restarted', types: EVENT_TYPES };
  await firstBus.consume(consumer, first.take);
  const ids = [...(await runTasks(2, 20))];
  await first.distinct(ids.length * 3);
  await firstBus.close();
  await nats.kill();
  ids.push(...(await runTasks(2, 20)));
  await nats.restart();
  const second = await consume('restarted');
  await second.until(() => new Set([...first.ids, ...second.ids]).size >= ids.length * 3);
  const all = new Arrivals();
  await all.take([...first.events, ...second.events]);
  expect(problems(ids, all)).toEqual([]);
}, 30_000);
