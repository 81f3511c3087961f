import { refusalFromRpc, type taskv1 } from '@orrery/contracts';
import type { CreateTasks, Store } from '@orrery/core';
import { openMemoryStore } from '@orrery/store';
import { Outgoing } from '@orrery/service';
import { spec, startTaskApi } from './harness.ts';

/** A stream of creations as its caller has it. */
class Caller {
  readonly up = new Outgoing<taskv1.StreamCreateTasksRequest>();
  private readonly down: AsyncIterator<taskv1.StreamCreateTasksResponse>;
  /** Asked for ahead: the first asking opens the stream. */
  private upcoming: Promise<IteratorResult<taskv1.StreamCreateTasksResponse>>;

  constructor(tasks: taskv1.TaskServiceClient) {
    this.down = tasks.streamCreateTasks(this.up)[Symbol.asyncIterator]();
    this.upcoming = this.down.next();
  }

  send(requestId: string, ...tasks: taskv1.TaskSpec[]): void {
    this.up.push({ creation: { namespace: '', tasks, requestId, partialSuccess: true }, traceparent: '' });
  }

  async next(): Promise<taskv1.StreamCreateTasksResponse> {
    const next = await this.upcoming;
    if (next.done) throw new Error('the stream has ended');
    this.upcoming = this.down.next();
    return next.value;
  }

  async isEnded(): Promise<boolean> {
    return (await this.upcoming).done === true;
  }

  async created(): Promise<readonly [string, ...string[]]> {
    const answer = await this.next();
    const results = answer.outcome?.$case === 'created' ? answer.outcome.value.results : [];
    return [answer.requestId, ...results.map(({ taskId }) => taskId)];
  }
}

/** A store in memory that stores nothing until it is let. */
function heldStore(): { store: Store; begun: CreateTasks[]; let: () => void } {
  const store = openMemoryStore();
  const begun: CreateTasks[] = [];
  const waiting: (() => void)[] = [];
  const createTasks: Store['tasks']['createTasks'] = async (request) => {
    begun.push(request);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return store.tasks.createTasks(request);
  };
  const tasks = new Proxy(store.tasks, {
    get: (own, name) => {
      const value: unknown = name === 'createTasks' ? createTasks : Reflect.get(own, name, own);
      return typeof value === 'function' ? (value.bind(own) as unknown) : value;
    },
  });
  const held = new Proxy(store, {
    get: (own, name) => {
      const value: unknown = name === 'tasks' ? tasks : Reflect.get(own, name, own);
      return typeof value === 'function' ? (value.bind(own) as unknown) : value;
    },
  });
  return { store: held, begun, let: () => waiting.shift()?.() };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('a stream of creations', () => {
  let fixture: Awaited<ReturnType<typeof startTaskApi>>;

  afterEach(() => fixture.stop());

  it('answers each message, its tasks each for itself, and ends when its caller does', async () => {
    fixture = await startTaskApi();
    const caller = new Caller(fixture.tasks);
    caller.send('r-1', spec('a'), spec(''), spec('b'));
    const first = await caller.next();
    if (first.outcome?.$case !== 'created') throw new Error('not created');
    expect(first.requestId).toBe('r-1');
    expect(first.outcome.value.results.map(({ error }) => error && refusalFromRpc(error)?.reason)).toEqual([
      undefined,
      'INVALID_FIELD',
      undefined,
    ]);
    caller.send('r-2', spec('c', { id: 'mine' }));
    expect(await caller.created()).toEqual(['r-2', 'mine']);
    caller.up.end();
    expect(await caller.isEnded()).toBe(true);
    expect(fixture.hints).toHaveLength(2);
  });

  it('answers a message that is refused with the status of the call, and goes on', async () => {
    fixture = await startTaskApi();
    const caller = new Caller(fixture.tasks);
    caller.send('none');
    const refused = await caller.next();
    if (refused.outcome?.$case !== 'error') throw new Error('not refused');
    expect(refused.requestId).toBe('none');
    expect(refusalFromRpc(refused.outcome.value)?.violations).toMatchObject([{ field: 'tasks' }]);
    caller.send('', spec('a'));
    const nameless = await caller.next();
    if (nameless.outcome?.$case !== 'error') throw new Error('not refused');
    expect(refusalFromRpc(nameless.outcome.value)?.violations).toMatchObject([{ field: 'creation.request_id' }]);
    caller.send('some', spec('a', { id: 'mine' }));
    expect(await caller.created()).toEqual(['some', 'mine']);
    caller.up.end();
  });

  it('creates nothing twice that is said again on another stream', async () => {
    fixture = await startTaskApi();
    const [one, other] = [new Caller(fixture.tasks), new Caller(fixture.tasks)];
    one.send('same', spec('a'));
    other.send('same', spec('a'));
    expect(await one.created()).toEqual(await other.created());
    expect(await fixture.store.tasks.listTasks({ namespace: 'default', limit: 10 })).toHaveLength(1);
    one.up.end();
    other.up.end();
  });

  it('begins four messages at once, and the next when one is done', async () => {
    const held = heldStore();
    fixture = await startTaskApi({}, held.store);
    const caller = new Caller(fixture.tasks);
    for (let n = 0; n < 6; n += 1) caller.send(`r-${n}`, spec('a'));
    await settled();
    expect(held.begun).toHaveLength(4);
    held.let();
    expect(await caller.created()).toEqual(['r-0', expect.any(String)]);
    await settled();
    expect(held.begun).toHaveLength(5);
    for (let n = 1; n < 6; n += 1) {
      held.let();
      expect(await caller.created()).toEqual([`r-${n}`, expect.any(String)]);
    }
    caller.up.end();
  });

  it('answers what it has begun when the server shuts down, and ends', async () => {
    const held = heldStore();
    fixture = await startTaskApi({}, held.store);
    const caller = new Caller(fixture.tasks);
    caller.send('begun', spec('a', { id: 'mine' }));
    await settled();
    const stopped = fixture.stopServer();
    held.let();
    expect(await caller.created()).toEqual(['begun', 'mine']);
    expect(await caller.isEnded()).toBe(true);
    await stopped;
  });
});
