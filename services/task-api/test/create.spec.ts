import { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { refusalOf, spec, startTaskApi } from './harness.ts';

describe('creating tasks', () => {
  let fixture: Awaited<ReturnType<typeof startTaskApi>>;

  beforeEach(async () => {
    fixture = await startTaskApi();
  });

  afterEach(() => fixture.stop());

  const count = async (): Promise<number> =>
    (await fixture.store.tasks.listTasks({ namespace: 'default', limit: 10_000 })).length;

  it('fills in every default, and wakes the scheduler', async () => {
    const { task, deduplicated } = await fixture.tasks.createTask({
      namespace: '',
      task: spec('reports.daily'),
      requestId: '',
    });
    expect(deduplicated).toBe(false);
    expect(task).toMatchObject({
      namespace: 'default',
      queue: 'default',
      type: 'reports.daily',
      status: taskv1.TaskStatus.PENDING,
      attempt: 0,
      maxAttempts: 5,
      revision: 1n,
      retryPolicy: { maxAttempts: 5, multiplier: 2, jitter: 0.25, initialDelay: { seconds: 1n, nanos: 0 } },
    });
    expect(task?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(task?.correlationId).not.toBe('');
    expect(fixture.hints).toEqual([{ queues: [{ namespace: 'default', queue: 'default' }], scheduled: false }]);
  });

  it('makes one task of the same request_id sent 100 times at once, and refuses it with another body', async () => {
    const request = { namespace: '', task: spec('once'), requestId: 'r-1' };
    const replies = await Promise.all(Array.from({ length: 100 }, () => fixture.tasks.createTask(request)));
    expect(new Set(replies.map(({ task }) => task?.id)).size).toBe(1);
    expect(replies.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1);
    expect(await count()).toBe(1);
    const { code, refusal } = await refusalOf((options) =>
      fixture.tasks.createTask({ ...request, task: spec('twice') }, options),
    );
    expect([code, refusal.reason]).toEqual(['ALREADY_EXISTS', 'REQUEST_ID_REUSED']);
    expect(await count()).toBe(1);
  });

  it('stores a batch whole or not at all', async () => {
    const tasks = [spec('a'), spec(''), spec('c', { priority: 9_999_999 })];
    const request = { namespace: '', tasks, requestId: '', partialSuccess: false };
    const { code, refusal } = await refusalOf((options) => fixture.tasks.createTasks(request, options));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map(({ field }) => field)).toEqual(['tasks[1].type', 'tasks[2].priority']);
    expect(await count()).toBe(0);
  });

  it('stores ids of the callers together when none is taken, and tells the same when asked again', async () => {
    const tasks = Array.from({ length: 100 }, (_, i) => spec('t', { id: `mine-${i}` }));
    const request = { namespace: '', tasks, requestId: 'mine', partialSuccess: true };
    const { results } = await fixture.tasks.createTasks(request);
    expect(results.map(({ taskId, deduplicated }) => [taskId, deduplicated])).toEqual(
      tasks.map(({ id }) => [id, false]),
    );
    // One statement, one hint.
    expect(fixture.hints).toHaveLength(1);
    const again = await fixture.tasks.createTasks(request);
    expect(again.results.every(({ deduplicated, error }) => deduplicated && error === undefined)).toBe(true);
  });

  it('stores each for itself where partial success is asked for, and answers in order, twice the same', async () => {
    const tasks = [spec('a'), spec(''), spec('b', { id: 'mine' }), spec('c', { id: 'mine' }), spec('d')];
    const request = { namespace: '', tasks, requestId: 'batch-1', partialSuccess: true };
    const first = await fixture.tasks.createTasks(request);
    expect(first.results.map(({ error }) => error?.code ?? 0)).toEqual([0, 3, 0, 6, 0]);
    expect(await count()).toBe(3);
    const second = await fixture.tasks.createTasks(request);
    expect(second.results.map(({ taskId }) => taskId)).toEqual(first.results.map(({ taskId }) => taskId));
    expect(second.results.map(({ deduplicated }) => deduplicated)).toEqual([true, false, true, false, true]);
    expect(await count()).toBe(3);
  });

  it('refuses an id that is taken', async () => {
    await fixture.tasks.createTask({ namespace: '', task: spec('a', { id: 'order-42' }), requestId: '' });
    const { code, refusal } = await refusalOf((options) =>
      fixture.tasks.createTask({ namespace: '', task: spec('b', { id: 'order-42' }), requestId: '' }, options),
    );
    expect([code, refusal.reason]).toEqual(['ALREADY_EXISTS', 'TASK_ALREADY_EXISTS']);
  });

  it('takes 1 MiB of params and refuses a byte more, saying how much is allowed', async () => {
    const params = (size: number) => ({ data: Buffer.alloc(size, 7), contentType: 'application/octet-stream' });
    const limit = 1024 * 1024;
    const { task } = await fixture.tasks.createTask({
      namespace: '',
      task: spec('big', { params: params(limit) }),
      requestId: '',
    });
    const stored = await fixture.tasks.getTask({ namespace: '', taskId: task?.id ?? '', view: 0 });
    expect(Buffer.compare(stored.task?.params?.data ?? Buffer.alloc(0), params(limit).data)).toBe(0);
    const { code, refusal } = await refusalOf((options) =>
      fixture.tasks.createTask(
        { namespace: '', task: spec('big', { params: params(limit + 1) }), requestId: '' },
        options,
      ),
    );
    expect([code, refusal.reason]).toEqual(['INVALID_ARGUMENT', 'PAYLOAD_TOO_LARGE']);
    expect(refusal.metadata).toEqual({
      field: 'task.params',
      size_bytes: String(limit + 1),
      limit_bytes: String(limit),
    });
  });

  it('takes correlation id and trace context from the metadata, and leaves malformed ones out', async () => {
    const { Metadata } = await import('nice-grpc-common');
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const good = Metadata({ 'x-correlation-id': 'req-7', traceparent });
    const created = await fixture.tasks.createTask(
      { namespace: '', task: spec('a'), requestId: '' },
      { metadata: good },
    );
    expect(created.task).toMatchObject({ correlationId: 'req-7', traceparent });
    const bad = Metadata({ traceparent: 'rubbish' });
    const other = await fixture.tasks.createTask({ namespace: '', task: spec('a'), requestId: '' }, { metadata: bad });
    expect(other.task?.traceparent).toBe('');
  });

  it.each<[string, Partial<taskv1.TaskSpec>, string]>([
    ['a queue with spaces', { queue: 'my queue' }, 'task.queue'],
    ['an id that is too long', { id: 'x'.repeat(129) }, 'task.id'],
    ['a negative delay', { delay: { seconds: -1n, nanos: 0 } }, 'task.delay'],
    ['a delay whose parts disagree', { delay: { seconds: 1n, nanos: -5 } }, 'task.delay'],
    ['a delay of a hundred years', { delay: { seconds: 3_153_600_000n, nanos: 0 } }, 'task.delay'],
    ['both a time and a delay', { delay: { seconds: 1n, nanos: 0 }, runTime: new Date() }, 'task.delay'],
    ['a run timeout of zero', { runTimeout: { seconds: 0n, nanos: 0 } }, 'task.run_timeout'],
    ['a label key with spaces', { labels: { 'a b': 'x' } }, 'task.labels["a b"]'],
    ['a label value with a NUL', { labels: { a: '\0' } }, 'task.labels["a"]'],
    ['65 labels', { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])) }, 'task.labels'],
    ['a correlation id that is too long', { correlationId: 'x'.repeat(256) }, 'task.correlation_id'],
    ['a parent id with a slash in front of a NUL', { parentTaskId: 'a/\0' }, 'task.parent_task_id'],
  ])('refuses %s, naming the field, and stores nothing', async (_, fields, field) => {
    const request = { namespace: '', task: spec('a', fields), requestId: '' };
    const { code, refusal } = await refusalOf((options) => fixture.tasks.createTask(request, options));
    expect([code, refusal.reason]).toEqual(['INVALID_ARGUMENT', 'INVALID_FIELD']);
    expect(refusal.violations.map((violation) => violation.field)).toEqual([field]);
    expect(await count()).toBe(0);
  });

  it.each<[string, Partial<taskv1.RetryPolicy>, string]>([
    ['too many attempts', { maxAttempts: 10_001 }, 'task.retry_policy.max_attempts'],
    ['a negative delay', { initialDelay: { seconds: -1n, nanos: 0 } }, 'task.retry_policy.initial_delay'],
    ['a multiplier below one', { multiplier: 0.5 }, 'task.retry_policy.multiplier'],
    ['a multiplier that is no number', { multiplier: Number.NaN }, 'task.retry_policy.multiplier'],
    ['a jitter above one', { jitter: 1.5 }, 'task.retry_policy.jitter'],
    ['an unknown predicate', { predicate: 77 as taskv1.RetryPredicate }, 'task.retry_policy.predicate'],
  ])('refuses a retry policy with %s', async (_, fields, field) => {
    const retryPolicy = { ...taskv1.RetryPolicy.decode(new Uint8Array()), ...fields };
    const request = { namespace: '', task: spec('a', { retryPolicy }), requestId: '' };
    const { refusal } = await refusalOf((options) => fixture.tasks.createTask(request, options));
    expect(refusal.violations.map((violation) => violation.field)).toEqual([field]);
  });

  it('is due after a delay by the store’s clock, and never earlier', async () => {
    const delay = { seconds: 60n, nanos: 0 };
    const { task } = await fixture.tasks.createTask({ namespace: '', task: spec('later', { delay }), requestId: '' });
    expect(task?.runTime).toEqual(Duration.ofSeconds(60).addTo(fixture.clock.now()));
  });

  it.each([0, 1001])('refuses a batch of %i', async (size) => {
    const tasks = Array.from({ length: size }, () => spec('a'));
    const request = { namespace: '', tasks, requestId: '', partialSuccess: true };
    const { refusal } = await refusalOf((options) => fixture.tasks.createTasks(request, options));
    expect(refusal.violations[0]?.field).toBe('tasks');
  });
});
