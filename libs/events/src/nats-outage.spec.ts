import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_TYPES, eventId, type EventBus } from '@orrery/core';
import { Duration } from '@orrery/duration';
import {
  Arrivals,
  courseOf,
  type EphemeralNats,
  recordingLogger,
  startEphemeralNats,
  taskEvent,
} from '@orrery/testing';
import { toCloudEvent } from './cloud-event.ts';
import { type NatsBusOptions, openNatsBus } from './nats-bus.ts';
import { deadLetterSubject, subjectFor } from './subjects.ts';

let server: EphemeralNats;
let raw: NatsConnection;
const buses: EventBus[] = [];

beforeEach(async () => {
  server = await startEphemeralNats();
  raw = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
});

afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.close()));
  await raw.close();
  await server.stop();
});

async function open(options: Partial<NatsBusOptions> = {}): Promise<EventBus> {
  const bus = await openNatsBus({ servers: server.url, logger: recordingLogger(), ...options });
  buses.push(bus);
  return bus;
}

/** The ids in the stream, in its order. */
async function stored(): Promise<readonly string[]> {
  const manager = await jetstreamManager(raw);
  const { state } = await manager.streams.info('ORRERY');
  const ids: string[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++)
    ids.push((await manager.streams.getMessage('ORRERY', { seq }))?.header.get('ce-id') ?? '');
  return ids;
}

test('what was published in part before is published in order, once', async () => {
  const bus = await open();
  const sent = courseOf(400, 3);
  await bus.publish(sent.slice(0, 700));
  await bus.publish(sent);
  expect(await stored()).toEqual(sent.map(eventId));
});

test('somebody who publishes in between does not tear a hole', async () => {
  const bus = await open();
  const sent = courseOf(1_000, 4);
  const foreign = { ...taskEvent('foreign', 1), namespace: 'elsewhere' };
  const disturb = async (): Promise<void> => {
    for (let i = 0; i < 50; i++) {
      raw.publish(subjectFor(foreign), toCloudEvent(foreign).body);
      await raw.flush();
    }
  };
  await Promise.all([bus.publish(sent), disturb()]);
  const ids = (await stored()).filter(Boolean);
  expect(ids.length).toBe(sent.length);
  for (const task of ['task-0', 'task-999'])
    expect(ids.filter((id) => id.includes(`/${task}/`))).toEqual(
      sent.map(eventId).filter((id) => id.includes(`/${task}/`)),
    );
}, 30_000);

test('publishing fails while the server is gone, and works again when it is back', async () => {
  const bus = await open();
  await bus.publish(courseOf(5, 1));
  await server.kill();
  await expect(bus.publish(courseOf(5, 2))).rejects.toThrow(/NATS/);
  expect(bus.isConnected()).toBe(false);
  await server.restart();
  const { promise, resolve } = Promise.withResolvers<void>();
  const retry = (): void => void bus.publish(courseOf(5, 2)).then(resolve, () => setTimeout(retry, 50));
  retry();
  await promise;
  expect(new Set(await stored())).toEqual(new Set(courseOf(5, 2).map(eventId)));
});

test('a bus opens without a server, and begins when there is one', async () => {
  await server.kill();
  const bus = await open();
  expect(bus.isConnected()).toBe(false);
  await expect(bus.publish([taskEvent('a', 1)])).rejects.toThrow('NATS cannot be reached');
  const arrivals = new Arrivals();
  await bus.consume({ name: 'early', types: EVENT_TYPES }, arrivals.take);
  await server.restart();
  const other = await open();
  await other.publish([taskEvent('a', 1)]);
  await arrivals.find(taskEvent('a', 1));
});

test('an event that is set aside is a dead letter with everything that is known of it', async () => {
  const bus = await open({ maxDeliveries: 2, pause: () => Duration.ofMillis(5) });
  const letters = raw.subscribe(deadLetterSubject('sick'), { max: 1 });
  await raw.flush();
  await bus.consume({ name: 'sick', types: EVENT_TYPES }, async () => {
    throw new Error('cannot digest this');
  });
  const event = taskEvent('a', 1);
  await bus.publish([event]);
  for await (const letter of letters) {
    const header = (name: string): string => letter.headers?.get(name) ?? '';
    expect(header('ce-id')).toBe(eventId(event));
    expect([header('Orrery-Consumer'), header('Orrery-Subject')]).toEqual(['sick', subjectFor(event)]);
    expect(decodeURIComponent(header('Orrery-Error'))).toContain('cannot digest this');
    expect(letter.string()).toBe(toCloudEvent(event).body);
  }
});

test('what cannot be read is set aside, and what follows comes', async () => {
  const bus = await open();
  const letters = raw.subscribe(deadLetterSubject('reads'), { max: 1 });
  const arrivals = new Arrivals();
  const broken = toCloudEvent(taskEvent('broken', 1));
  const head = headers();
  for (const [name, value] of broken.headers) head.append(name, value);
  raw.publish(subjectFor(taskEvent('broken', 1)), 'no JSON', { headers: head });
  await raw.flush();
  await bus.consume({ name: 'reads', types: EVENT_TYPES }, arrivals.take);
  await bus.publish([taskEvent('good', 1)]);
  await arrivals.find(taskEvent('good', 1));
  for await (const letter of letters) expect(letter.string()).toBe('no JSON');
});

test('weaker settings than there should be are reported', async () => {
  const manager = await jetstreamManager(raw);
  await manager.streams.add({ name: 'ORRERY', subjects: ['orrery.task.v1.>'], storage: 'memory', max_msgs: 1_000 });
  const logger = recordingLogger();
  await open({ logger });
  const warnings = logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
  expect(warnings).toContainEqual(expect.stringContaining('in memory'));
  expect(warnings).toContainEqual(expect.stringContaining('limited in size'));
  const { config } = await manager.streams.info('ORRERY');
  expect(config.subjects).toContain('orrery.worker.v1.>');
});
