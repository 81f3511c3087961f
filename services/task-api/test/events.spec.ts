import { eventFromProto, eventv1, type taskv1 } from '@orrery/contracts';
import { eventId, type OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const NOW = eventv1.SubscribeRequest.decode(new Uint8Array());
const OLDEST: eventv1.SubscribeRequest = { ...NOW, start: { $case: 'time', value: new Date(0) } };
const LEASE = Duration.ofSeconds(10);
const NO_FILTER = eventv1.EventFilter.decode(new Uint8Array());

describe('events without NATS', () => {
  let fixture: Awaited<ReturnType<typeof startTaskApi>>;

  beforeEach(async () => {
    fixture = await startTaskApi();
  });

  afterEach(() => fixture.stop());

  async function createBatch(types: readonly string[], fields: Partial<taskv1.TaskSpec> = {}): Promise<string[]> {
    const tasks = types.map((type) => spec(type, fields));
    const request = { namespace: '', tasks, requestId: '', partialSuccess: false };
    const { results } = await fixture.tasks.createTasks(request);
    return results.map(({ taskId }) => taskId);
  }

  /** Reads a subscription until it has told of so many events, or of anything if none are asked for. */
  async function take(request: eventv1.SubscribeRequest, count: number) {
    const stopping = new AbortController();
    const told: eventv1.Event[] = [];
    let cursor = '';
    try {
      for await (const response of fixture.events.subscribe(request, { signal: stopping.signal })) {
        told.push(...response.events);
        cursor = response.cursor;
        if (told.length >= count) break;
      }
    } finally {
      stopping.abort();
    }
    return { told, cursor };
  }

  it('tells of everything that is kept, in order, and of what comes', async () => {
    const ids = await createBatch(['a.b', 'a.c']);
    const { told } = await take(OLDEST, 2);
    expect(told.map((event) => [event.subject, event.type, event.sequence])).toEqual(
      ids.map((id) => [id, 'orrery.task.v1.created', 1n]),
    );
    const first = eventFromProto(told[0]!) as OrreryEvent;
    expect([eventId(first), first.noun]).toEqual([told[0]!.id, 'task']);
  });

  it('begins now unless told otherwise, and says at once how far it is', async () => {
    await createBatch(['a.old']);
    await take(OLDEST, 1);
    const stopping = new AbortController();
    const stream = fixture.events.subscribe(NOW, { signal: stopping.signal })[Symbol.asyncIterator]();
    const greeting = await stream.next();
    expect(greeting.value).toMatchObject({ events: [] });
    const [id] = await createBatch(['a.new']);
    const { value } = (await stream.next()) as IteratorResult<eventv1.SubscribeResponse, never>;
    expect(value.events.map((event) => event.subject)).toEqual([id]);
    stopping.abort();
  });

  it('goes on after any event, also in the middle of a transaction', async () => {
    await createBatch(['a.1', 'a.2', 'a.3']);
    await createBatch(['a.4']);
    const { told } = await take(OLDEST, 4);
    for (const [i, event] of told.slice(0, 3).entries()) {
      const rest = await take({ ...NOW, start: { $case: 'cursor', value: event.cursor } }, 3 - i);
      expect(rest.told.map(({ id }) => id)).toEqual(told.slice(i + 1).map(({ id }) => id));
    }
  });

  it.each([
    ['types', { types: ['orrery.task.v1.created'] }, ['a.b', 'a.c', 'z']],
    ['all types below', { types: ['orrery.task.*'] }, ['a.b', 'a.c', 'a.b', 'z']],
    ['task types', { taskTypes: ['a.c'] }, ['a.c']],
    ['task types below', { taskTypes: ['a.*'], types: ['orrery.task.v1.cancelled'] }, ['a.b']],
    ['queues', { queues: ['last'] }, ['z']],
    ['a correlation id', { correlationId: 'mine' }, ['a.b', 'a.c', 'a.b']],
  ])('tells only of what is asked for: %s', async (_name, filter, expected) => {
    const [cancelled = ''] = await createBatch(['a.b', 'a.c'], { correlationId: 'mine' });
    await fixture.tasks.cancelTask({ namespace: '', taskId: cancelled });
    const last = await createBatch(['z'], { queue: 'last' });
    const everything = await take(OLDEST, 4);
    expect(everything.told.at(-1)?.subject).toBe(last[0]);
    const wanted = await take({ ...OLDEST, filter: { ...NO_FILTER, ...filter } }, expected.length);
    const types = wanted.told.flatMap(({ data }) => (data?.$case === 'task' ? [data.value.taskType] : []));
    expect(types).toEqual(expected);
  });

  it('refuses filters and cursors that cannot be', async () => {
    const subscribe = (request: Partial<eventv1.SubscribeRequest>) =>
      refusalOf(async (options) => {
        for await (const response of fixture.events.subscribe({ ...NOW, ...request }, options)) return response;
        return null;
      });
    const wrong = { ...NO_FILTER, types: ['orrery.task.v1.exploded'], queues: ['a b'] };
    const { refusal } = await subscribe({ filter: wrong });
    expect(refusal.violations.map(({ field }) => field)).toEqual(['filter.types[0]', 'filter.queues[0]']);
    for (const value of ['nonsense', '', Buffer.from('1').toString('base64url')]) {
      const { code, refusal: refused } = await subscribe({ start: { $case: 'cursor', value } });
      expect([code, refused.violations[0]?.field]).toEqual(['INVALID_ARGUMENT', 'cursor']);
    }
  });

  it('refuses a cursor whose events are forgotten', async () => {
    await createBatch(['a.1']);
    const { told } = await take(OLDEST, 1);
    await createBatch(['a.2']);
    await take(OLDEST, 2);
    await createBatch(['a.3']);
    await take(OLDEST, 3);
    fixture.clock.advance(Duration.ofSeconds(1));
    await fixture.store.events.purge(fixture.clock.now(), 100);
    const start = { $case: 'cursor' as const, value: told[0]!.cursor };
    const { refusal } = await refusalOf(async (options) => {
      for await (const response of fixture.events.subscribe({ ...NOW, start }, options)) return response;
      return null;
    });
    expect(refusal.message).toContain('no longer kept');
  });

  it('shows who reads events, and drops who does not any more', async () => {
    const log = fixture.store.events;
    await createBatch(['a.1']);
    await take(OLDEST, 1);
    await log.acquireCursor('gone', 'old process', Duration.ofMillis(1));
    fixture.clock.advance(Duration.ofSeconds(3));
    await log.acquireCursor('reader', 'a process', LEASE);
    await log.moveCursor('reader', 'a process', await log.head());
    const first = await fixture.events.listEventCursors({ pageSize: 1, pageToken: '' });
    expect(first.cursors).toMatchObject([{ name: 'gone', owner: '', lag: { seconds: 3n, nanos: 0 } }]);
    const next = await fixture.events.listEventCursors({ pageSize: 1, pageToken: first.nextPageToken });
    expect(next).toMatchObject({
      cursors: [{ name: 'reader', owner: 'a process', lag: undefined }],
      nextPageToken: '',
    });
    expect(next.cursors[0]?.leaseExpireTime).toEqual(LEASE.addTo(fixture.clock.now()));

    expect(await log.purge(fixture.clock.now(), 10)).toBe(0);
    await fixture.events.deleteEventCursor({ name: 'gone', force: false });
    expect(await log.purge(fixture.clock.now(), 10)).toBe(1);
    const drop = (name: string) =>
      refusalOf((options) => fixture.events.deleteEventCursor({ name, force: false }, options));
    expect(await drop('gone')).toMatchObject({ code: 'NOT_FOUND', refusal: { reason: 'CURSOR_NOT_FOUND' } });
    const { code, refusal } = await drop('reader');
    expect([code, refusal.reason]).toEqual(['FAILED_PRECONDITION', 'CURSOR_IN_USE']);
    expect(refusal.metadata).toEqual({ cursor: 'reader', owner: 'a process' });
    await fixture.events.deleteEventCursor({ name: 'reader', force: true });
    expect((await fixture.events.listEventCursors({ pageSize: 0, pageToken: '' })).cursors).toEqual([]);
  });

  it('has the relay begin again where it is told', async () => {
    await createBatch(['a.1']);
    await take(OLDEST, 1);
    const position = await fixture.store.events.acquireCursor('relay', 'a relay', LEASE);
    await fixture.store.events.moveCursor('relay', 'a relay', await fixture.store.events.head());
    const { cursor } = await fixture.events.replayEvents({ start: { $case: 'time', value: new Date(0) } });
    expect(cursor).not.toBe('');
    expect(await fixture.store.events.moveCursor('relay', 'a relay', 99n)).toBe(false);
    expect(await fixture.store.events.acquireCursor('relay', 'a relay', LEASE)).toBe(position);
    const { refusal } = await refusalOf((options) => fixture.events.replayEvents({ start: undefined }, options));
    expect(refusal.violations[0]?.field).toBe('start');
  });
});
