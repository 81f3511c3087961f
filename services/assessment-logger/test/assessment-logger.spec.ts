import { assessmentv1, refusalFromStatus } from '@orrery/contracts';
import type { AuditStore, EventBus, OrreryEvent, Store, TaskEvent, WorkerEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { createLocalBus } from '@orrery/events';
import { createLogger, serve } from '@orrery/service';
import { openMemoryStore } from '@orrery/store';
import { FakeClock } from '@orrery/testing';
import { createChannel, createClient } from 'nice-grpc';
import type { CallOptions, Metadata } from 'nice-grpc-common';
import { createAssessmentLoggerService, fromBus } from '../src/index.ts';
import { startFollowLoop } from '../src/follow-loop.ts';
import { startRetentionLoop } from '../src/retention-loop.ts';

const START = new Date('2026-01-01T00:00:00Z');
const RETENTION = Duration.of({ days: 90 });
const logger = createLogger({ level: 'error', format: 'json', write: () => undefined });

function taskEvent(sequence: number, fields: Partial<TaskEvent> = {}): TaskEvent {
  return {
    noun: 'task',
    kind: sequence === 1 ? 'created' : 'started',
    namespace: 'default',
    taskId: 't1',
    sequence,
    at: new Date(START.getTime() + sequence * 1_000),
    queue: 'default',
    type: 'mail.send',
    status: 'PENDING',
    attempt: 0,
    workerId: '',
    correlationId: 'c1',
    traceparent: '',
    error: null,
    progress: null,
    ...fields,
  };
}

const workerStarted: WorkerEvent = {
  noun: 'worker',
  kind: 'started',
  namespace: 'default',
  workerId: 'w1',
  sequence: 1,
  at: new Date(START.getTime() + 500),
  state: 'ACTIVE',
};

/** An audit store that fails as often as it is told to, and notes the sizes of what it is given. */
function troubled(audit: AuditStore) {
  const sizes: number[] = [];
  let failures = 0;
  const record = async (events: readonly OrreryEvent[]): Promise<void> => {
    sizes.push(events.length);
    if (failures > 0) {
      failures -= 1;
      throw new Error('the disk is full');
    }
    await audit.record(events);
  };
  return {
    audit: { record, list: audit.list.bind(audit), purge: audit.purge.bind(audit) },
    sizes,
    fail: (times: number) => (failures = times),
  };
}

describe('the assessment-logger', () => {
  let clock: FakeClock;
  let store: Store;
  let bus: EventBus;
  let trouble: ReturnType<typeof troubled>;
  let records: ReturnType<typeof connect>;
  let stop: () => Promise<void>;

  const connect = (channel: ReturnType<typeof createChannel>) =>
    createClient(assessmentv1.AuditServiceDefinition, channel);

  beforeEach(async () => {
    clock = new FakeClock(START);
    store = openMemoryStore({ clock });
    bus = createLocalBus({ logger, pause: () => Duration.ofMillis(1) });
    trouble = troubled(store.audit);
    const module = createAssessmentLoggerService({
      store: { audit: trouble.audit },
      source: fromBus(bus),
      retention: RETENTION,
      logger,
      clock,
    });
    const server = await serve({
      modules: [module],
      host: '127.0.0.1',
      port: 0,
      logger,
      shutdownGrace: Duration.ofSeconds(2),
    });
    const channel = createChannel(`127.0.0.1:${server.port}`);
    records = connect(channel);
    stop = async () => {
      channel.close();
      await server.stop();
      await bus.close();
      await store.close();
    };
  });

  afterEach(() => stop());

  async function list(request: Partial<assessmentv1.ListAuditRecordsRequest> = {}, options?: CallOptions) {
    const empty = assessmentv1.ListAuditRecordsRequest.decode(new Uint8Array());
    return records.listAuditRecords({ ...empty, ...request }, options);
  }

  const idsOf = ({ records: found }: assessmentv1.ListAuditRecordsResponse) =>
    found.map(({ event }) => `${event?.subject}/${event?.sequence}`);

  async function refusalOf(request: Partial<assessmentv1.ListAuditRecordsRequest>) {
    let trailer: Metadata | undefined;
    await expect(list(request, { onTrailer: (metadata) => (trailer = metadata) })).rejects.toThrow();
    const details = trailer?.get('grpc-status-details-bin');
    return refusalFromStatus(details instanceof Uint8Array ? details : undefined);
  }

  it('puts every event on record, once however often it is told', async () => {
    await bus.publish([workerStarted, taskEvent(1), taskEvent(2)]);
    await bus.publish([taskEvent(2), taskEvent(3, { kind: 'succeeded', status: 'SUCCEEDED', workerId: 'w1' })]);
    const { records: found } = await list();
    expect(found.map(({ event }) => event?.type)).toEqual([
      'orrery.worker.v1.started',
      'orrery.task.v1.created',
      'orrery.task.v1.started',
      'orrery.task.v1.succeeded',
    ]);
    expect(found[3]?.event?.data).toMatchObject({ $case: 'task', value: { taskType: 'mail.send', workerId: 'w1' } });
    expect(found[3]?.recordTime).toEqual(clock.now());
  });

  it('writes 1,000 records at a time, and has what could not be written told again', async () => {
    trouble.fail(2);
    await bus.publish(Array.from({ length: 2_500 }, (_, i) => taskEvent(i + 1)));
    expect(idsOf(await list({ pageSize: 1_000 }))).toHaveLength(1_000);
    expect(Math.max(...trouble.sizes)).toBe(1_000);
    expect(trouble.sizes.length).toBeGreaterThanOrEqual(5);
  });

  it('finds records by subject, correlation id, time and type, and by all of them', async () => {
    await bus.publish([
      workerStarted,
      taskEvent(1),
      taskEvent(2),
      taskEvent(1, { taskId: 't2', correlationId: 'c2' }),
      taskEvent(1, { taskId: 't3', namespace: 'other' }),
    ]);
    expect(idsOf(await list({ subject: 't1' }))).toEqual(['t1/1', 't1/2']);
    expect(idsOf(await list({ correlationId: 'c2' }))).toEqual(['t2/1']);
    expect(idsOf(await list({ namespace: 'other' }))).toEqual(['t3/1']);
    expect(idsOf(await list({ types: ['orrery.worker.v1.*'] }))).toEqual(['w1/1']);
    expect(idsOf(await list({ types: ['orrery.task.v1.started', 'orrery.worker.v1.*'] }))).toEqual(['w1/1', 't1/2']);
    const second = taskEvent(2).at;
    expect(idsOf(await list({ timeFrom: second }))).toEqual(['t1/2']);
    expect(idsOf(await list({ timeBefore: second }))).toEqual(['w1/1', 't1/1', 't2/1']);
    expect(idsOf(await list({ subject: 't1', types: ['orrery.task.v1.created'], timeBefore: second }))).toEqual([
      't1/1',
    ]);
  });

  it('lists in pages, oldest first, without losing or repeating any where times are equal', async () => {
    const events = Array.from({ length: 25 }, (_, i) => taskEvent(1, { taskId: `t${i}`, at: START }));
    await bus.publish(events);
    const seen: string[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await list({ pageSize: 10, pageToken });
      seen.push(...idsOf(page));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '');
    expect({ pages, seen: seen.length, different: new Set(seen).size }).toEqual({ pages: 3, seen: 25, different: 25 });
  });

  it('takes a page size above 1,000 as 1,000, and none as 50', async () => {
    await bus.publish(Array.from({ length: 1_001 }, (_, i) => taskEvent(i + 1)));
    expect((await list({ pageSize: 5_000 })).records).toHaveLength(1_000);
    expect((await list()).records).toHaveLength(50);
  });

  it('names everything that is wrong with a request', async () => {
    const refusal = await refusalOf({
      namespace: 'a b',
      subject: 'x'.repeat(256),
      types: ['ok.*', 'a b'],
      pageSize: -1,
    });
    expect(refusal?.reason).toBe('INVALID_FIELD');
    expect(refusal?.violations.map(({ field }) => field)).toEqual(['namespace', 'subject', 'types[1]', 'page_size']);
  });

  it('refuses a page token of another request', async () => {
    await bus.publish([taskEvent(1), taskEvent(2)]);
    const { nextPageToken } = await list({ pageSize: 1 });
    expect(nextPageToken).not.toBe('');
    expect((await refusalOf({ pageToken: nextPageToken, subject: 't1' }))?.reason).toBe('INVALID_PAGE_TOKEN');
  });

  it('forgets what is older than the retention, and nothing else', async () => {
    await bus.publish([taskEvent(1), taskEvent(2)]);
    clock.advance(RETENTION);
    clock.advance(Duration.ofMillis(1_001));
    await startRetentionLoop({ audit: store.audit, retention: RETENTION, clock, logger }).stop();
    expect(idsOf(await list())).toEqual(['t1/2']);
  });
});

describe('following the event log, for want of a bus', () => {
  it('handles everything once in order, again what failed, and goes on where another process stopped', async () => {
    const clock = new FakeClock(START);
    const store = openMemoryStore({ clock });
    const worker = { queues: [], types: [], concurrency: 1, hostname: '', processId: 1, sdk: '', labels: {} };
    const handled: string[] = [];
    let failures = 1;
    const follow = (): Promise<void> =>
      startFollowLoop({
        name: 'it',
        events: store.events,
        logger,
        handle: async (events) => {
          if (failures-- > 0) throw new Error('not now');
          handled.push(...events.map((event) => `${event.noun === 'worker' ? event.workerId : ''} ${event.kind}`));
        },
      }).stop();
    await store.workers.register({ ...worker, namespace: 'default', id: 'a' });
    await follow();
    expect(handled).toEqual([]);
    // The process that failed is gone, and its hold on the cursor with it.
    clock.advance(Duration.ofSeconds(60));
    await follow();
    expect(handled).toEqual(['a started']);
    await store.workers.register({ ...worker, namespace: 'default', id: 'b' });
    await follow();
    expect(handled).toEqual(['a started']);
    clock.advance(Duration.ofSeconds(60));
    await follow();
    expect(handled).toEqual(['a started', 'b started']);
    await store.close();
  });
});
