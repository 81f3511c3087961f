import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_TYPES, eventId, type EventBus, type OrreryEvent } from '@orrery/core';
import { courseOf, type EphemeralNats, recordingLogger, startNatsCluster } from '@orrery/testing';
import { openNatsBus } from './nats-bus.ts';

let servers: readonly EphemeralNats[];
let raw: NatsConnection;
let bus: EventBus;
const logger = recordingLogger();

beforeAll(async () => {
  servers = await startNatsCluster(3);
  const urls = servers.map(({ url }) => url);
  raw = await connect({ servers: urls, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  bus = await openNatsBus({ servers: urls, logger });
}, 60_000);

afterAll(async () => {
  await bus.close();
  await raw.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** Asks the cluster about the stream until it answers and has what is asked for. */
async function stream(has: (info: StreamInfo) => boolean): Promise<StreamInfo> {
  for (let tries = 0; ; tries += 1) {
    try {
      const info = await (await jetstreamManager(raw)).streams.info('ORRERY');
      if (has(info)) return info;
    } catch (error) {
      if (tries > 300) throw error;
    }
    await pause(100);
  }
}

/** As the relay does: again from the beginning of the batch until it is certain. */
async function publish(events: readonly OrreryEvent[]): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await bus.publish(events);
    } catch (error) {
      if (tries > 300) throw error;
      await pause(100);
    }
  }
}

test('streams are kept on three servers, and the kill -9 of the one that leads loses nothing and mixes nothing up', async () => {
  // A cluster that has just come together has no leader yet; the bus makes its streams when it can.
  await publish(courseOf(1, 1));
  const { config, cluster } = await stream(
    (info) => info.config.num_replicas === 3 && info.cluster?.leader !== undefined,
  );
  expect(config).toMatchObject({ num_replicas: 3, storage: 'file' });
  const leader = cluster?.leader ?? '';

  const came: OrreryEvent[] = [];
  const known = new Set<string>();
  await bus.consume({ name: 'reader', types: EVENT_TYPES }, async (events) => {
    for (const event of events) {
      if (known.has(eventId(event))) continue;
      known.add(eventId(event));
      came.push(event);
    }
  });

  const batches = Array.from({ length: 30 }, (_, i) => courseOf(20, 5, `batch-${i}`));
  const killed = servers[Number(leader.slice(1)) - 1];
  expect(killed).toBeDefined();
  for (const [index, batch] of batches.entries()) {
    // Not waited for, so that it happens in the middle of publishing.
    if (index === 10) void killed?.kill();
    await publish(batch);
  }
  const sent = batches.flat();
  for (let waited = 0; waited < 600 && came.length < sent.length + 1; waited += 1) await pause(100);

  const after = await stream((info) => info.cluster?.leader !== undefined && info.cluster.leader !== leader);
  expect(after.cluster?.leader).not.toBe(leader);
  const sequences = Map.groupBy(came, (event) => (event.noun === 'task' ? event.taskId : ''));
  for (const events of sequences.values()) {
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
  }
  expect(new Set(came.map(eventId))).toEqual(new Set([...courseOf(1, 1), ...sent].map(eventId)));
}, 120_000);
