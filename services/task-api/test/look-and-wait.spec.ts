import { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { taskEvent } from '@orrery/testing';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const NO_FILTER = taskv1.TaskFilter.decode(new Uint8Array());

describe('looking at tasks, waiting for them, changing their course', () => {
  let fixture: Awaited<ReturnType<typeof startTaskApi>>;

  beforeEach(async () => {
    fixture = await startTaskApi();
  });

  afterEach(() => fixture.stop());

  async function create(fields: Partial<taskv1.TaskSpec> = {}): Promise<string> {
    const { task } = await fixture.tasks.createTask({ namespace: '', task: spec('a.b', fields), requestId: '' });
    return task?.id ?? '';
  }

  async function run(): Promise<{ taskId: string; token: string }> {
    const [task] = await fixture.store.tasks.claimTasks({
      namespace: 'default',
      queues: ['default'],
      types: [],
      strategy: 'PRIORITY',
      slots: ['w1'],
      leaseDuration: Duration.ofSeconds(30),
    });
    return { taskId: task?.id ?? '', token: task?.leaseToken ?? '' };
  }

  async function succeed(): Promise<string> {
    const lease = await run();
    await fixture.store.tasks.completeTasks('default', [{ lease, result: null }]);
    return lease.taskId;
  }

  it('counts the live tasks of a namespace by queue', async () => {
    await create({ queue: 'b' });
    await create({ queue: 'b' });
    await create({ delay: { seconds: 60n, nanos: 0 } });
    await create();
    await run();
    fixture.clock.advance(Duration.ofSeconds(7));
    const { queues } = await fixture.tasks.getStats({ namespace: '', byType: false });
    expect(queues).toMatchObject([
      {
        queue: 'b',
        type: '',
        readyCount: 2n,
        scheduledCount: 0n,
        runningCount: 0n,
        oldestReadyAge: { seconds: 7n, nanos: 0 },
      },
      { queue: 'default', readyCount: 0n, scheduledCount: 1n, runningCount: 1n, oldestReadyAge: undefined },
    ]);
    const byType = await fixture.tasks.getStats({ namespace: '', byType: true });
    expect(byType.queues.map(({ queue }) => queue)).toEqual(expect.arrayContaining(queues.map(({ queue }) => queue)));
    expect(byType.queues.every(({ type }) => type !== '')).toBe(true);
    expect((await fixture.tasks.getStats({ namespace: 'other', byType: false })).queues).toEqual([]);
    const { code, refusal } = await refusalOf((options) =>
      fixture.tasks.getStats({ namespace: 'a b', byType: false }, options),
    );
    expect([code, refusal.metadata['field']]).toEqual(['INVALID_ARGUMENT', 'namespace']);
  });

  it('pages through all tasks once, newest first, while new ones arrive', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 25; i++) ids.push(await create());
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await fixture.tasks.listTasks({
        namespace: '',
        filter: undefined,
        pageSize: 10,
        pageToken,
        view: 0,
      });
      seen.push(...page.tasks.map(({ id }) => id));
      pageToken = page.nextPageToken;
      await create();
    } while (pageToken !== '');
    expect(seen).toEqual([...ids].reverse());
  });

  it('refuses page tokens that it did not make for this request', async () => {
    for (let i = 0; i < 3; i++) await create();
    const request = { namespace: '', filter: undefined, pageSize: 2, pageToken: '', view: 0 as const };
    const { nextPageToken } = await fixture.tasks.listTasks(request);
    for (const pageToken of ['rubbish', `${nextPageToken}x`, nextPageToken.slice(0, -3), '%%%']) {
      const { code, refusal } = await refusalOf((options) =>
        fixture.tasks.listTasks({ ...request, pageToken }, options),
      );
      expect([code, refusal.reason]).toEqual(['INVALID_ARGUMENT', 'INVALID_PAGE_TOKEN']);
    }
    const other = { ...request, filter: { ...NO_FILTER, queues: ['other'] }, pageToken: nextPageToken };
    const { refusal } = await refusalOf((options) => fixture.tasks.listTasks(other, options));
    expect(refusal.reason).toBe('INVALID_PAGE_TOKEN');
  });

  it('cuts a page in full view where it would outgrow one reply', async () => {
    const params = { data: Buffer.alloc(900 * 1024), contentType: '' };
    for (let i = 0; i < 5; i++) await create({ params });
    const request = { namespace: '', filter: undefined, pageSize: 5, pageToken: '', view: taskv1.TaskView.FULL };
    const first = await fixture.tasks.listTasks(request);
    expect(first.tasks).toHaveLength(3);
    const second = await fixture.tasks.listTasks({ ...request, pageToken: first.nextPageToken });
    expect(second.tasks).toHaveLength(2);
    expect(second.nextPageToken).toBe('');
  });

  it('A9: waits until a task has ended', async () => {
    const id = await create();
    const waiting = fixture.tasks.waitTask({ namespace: '', taskId: id, timeout: undefined, view: 0 });
    await succeed();
    await fixture.bus.publish([taskEvent(id, 3, 'succeeded')]);
    expect(await waiting).toMatchObject({ finished: true, task: { id, status: taskv1.TaskStatus.SUCCEEDED } });
  });

  it('finds the end of a task even if no event told of it', async () => {
    const id = await create();
    const waiting = fixture.tasks.waitTask({ namespace: '', taskId: id, timeout: undefined, view: 0 });
    await succeed();
    expect((await waiting).finished).toBe(true);
  });

  it('stops waiting when the time is over', async () => {
    const id = await create();
    const timeout = { seconds: 0n, nanos: 1_000_000 };
    const { finished, task } = await fixture.tasks.waitTask({ namespace: '', taskId: id, timeout, view: 0 });
    expect([finished, task?.status]).toEqual([false, taskv1.TaskStatus.PENDING]);
  });

  it('watches many tasks on one stream, each sent once, unknown ones named', async () => {
    const ids = [await create(), await create(), await create()];
    const done = await succeed();
    const rest = ids.filter((id) => id !== done);
    async function* requests() {
      yield { namespace: '', taskIds: [...ids, 'nobody'], view: 0 as const };
      yield { namespace: '', taskIds: [...rest], view: 0 as const };
    }
    const ended: string[] = [];
    const unknown: string[] = [];
    for await (const reply of fixture.tasks.watchTasks(requests())) {
      ended.push(...reply.tasks.map(({ id }) => id));
      unknown.push(...reply.unknownTaskIds);
      while (rest.length > 0 && ended.includes(done)) {
        rest.pop();
        const id = await succeed();
        await fixture.bus.publish([taskEvent(id, 3, 'succeeded')]);
      }
    }
    expect([...ended].sort()).toEqual([...ids].sort());
    expect(unknown).toEqual(['nobody']);
  });

  it('cancels a waiting task at once and a running one by request; cancelling again changes nothing', async () => {
    const waiting = await create();
    const { task } = await fixture.tasks.cancelTask({ namespace: '', taskId: waiting });
    expect(task).toMatchObject({ status: taskv1.TaskStatus.CANCELLED, revision: 2n });
    const again = await fixture.tasks.cancelTask({ namespace: '', taskId: waiting });
    expect(again.task?.revision).toBe(2n);

    const running = await create();
    await run();
    const asked = await fixture.tasks.cancelTask({ namespace: '', taskId: running });
    expect(asked.task?.status).toBe(taskv1.TaskStatus.RUNNING);
    expect(asked.task?.cancelRequestTime).toEqual(fixture.clock.now());
  });

  it('refuses every transition that is not legal, and changes nothing', async () => {
    const id = await create();
    const done = await succeed();
    expect(done).toBe(id);
    const runTime = new Date('2030-01-01T00:00:00Z');
    const calls = [
      (options: object) => fixture.tasks.cancelTask({ namespace: '', taskId: id }, options),
      (options: object) => fixture.tasks.retryTask({ namespace: '', taskId: id }, options),
      (options: object) => fixture.tasks.rescheduleTask({ namespace: '', taskId: id, runTime }, options),
    ];
    for (const call of calls) {
      const { code, refusal } = await refusalOf(call);
      expect([code, refusal.reason]).toEqual(['FAILED_PRECONDITION', 'ILLEGAL_TRANSITION']);
      expect(refusal.metadata).toMatchObject({ task_id: id, from: 'SUCCEEDED' });
    }
    const { task } = await fixture.tasks.getTask({ namespace: '', taskId: id, view: 0 });
    expect(task).toMatchObject({ status: taskv1.TaskStatus.SUCCEEDED, revision: 3n });
  });

  it('reschedules a waiting task', async () => {
    const id = await create();
    const runTime = Duration.ofSeconds(600).addTo(fixture.clock.now());
    const { task } = await fixture.tasks.rescheduleTask({ namespace: '', taskId: id, runTime });
    expect(task?.runTime).toEqual(runTime);
    expect((await run()).taskId).toBe('');
  });

  it('says of unknown ids that they are unknown', async () => {
    const key = { namespace: '', taskId: 'nobody' };
    const runTime = new Date();
    const calls = [
      (options: object) => fixture.tasks.getTask({ ...key, view: 0 }, options),
      (options: object) => fixture.tasks.waitTask({ ...key, timeout: undefined, view: 0 }, options),
      (options: object) => fixture.tasks.cancelTask(key, options),
      (options: object) => fixture.tasks.retryTask(key, options),
      (options: object) => fixture.tasks.rescheduleTask({ ...key, runTime }, options),
    ];
    for (const call of calls) {
      const { code, refusal } = await refusalOf(call);
      expect([code, refusal.reason]).toEqual(['NOT_FOUND', 'TASK_NOT_FOUND']);
    }
  });

  it('does not find a task of another namespace', async () => {
    const id = await create();
    const { refusal } = await refusalOf((options) =>
      fixture.tasks.getTask({ namespace: 'other', taskId: id, view: 0 }, options),
    );
    expect(refusal.reason).toBe('TASK_NOT_FOUND');
  });
});
