import { namespacev1, schedulev1, taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const { SetOutcome } = namespacev1;

const namespace = (name: string, fields: Partial<namespacev1.Namespace> = {}): namespacev1.Namespace => ({
  ...namespacev1.Namespace.decode(new Uint8Array()),
  name,
  ...fields,
});
const quotas = (fields: Partial<namespacev1.NamespaceQuotas>): namespacev1.NamespaceQuotas => ({
  ...namespacev1.NamespaceQuotas.decode(new Uint8Array()),
  ...fields,
});
const params = (bytes: number) => ({ data: Buffer.alloc(bytes, ' '), contentType: 'text/plain' });
const second = Duration.ofSeconds(1).toProto();

describe('namespaces', () => {
  let api: Awaited<ReturnType<typeof startTaskApi>>;
  const set = (given: namespacev1.Namespace) => api.namespaces.setNamespace({ namespace: given });
  const create = (name: string, task = spec('some.work'), requestId = '') =>
    api.tasks.createTask({ namespace: name, task, requestId });
  const createRefused = async (name: string, task = spec('some.work')) =>
    (await refusalOf((options) => api.tasks.createTask({ namespace: name, task, requestId: '' }, options))).refusal;
  const createMany = (name: string, tasks: taskv1.TaskSpec[], requestId = '') =>
    api.tasks.createTasks({ namespace: name, tasks, requestId, partialSuccess: true });
  const register = (name: string, type: string) =>
    api.types.registerTaskType({
      taskType: { ...taskv1.TaskType.decode(new Uint8Array()), namespace: name, name: type },
    });
  const schedule = (name: string, type = 'some.work'): schedulev1.CreateScheduleRequest => ({
    ...schedulev1.CreateScheduleRequest.decode(new Uint8Array()),
    namespace: name,
    scheduleId: 'every-minute',
    spec: {
      ...schedulev1.ScheduleSpec.decode(new Uint8Array()),
      task: spec(type),
      timing: { $case: 'cron', value: { expression: '* * * * *', timeZone: '' } },
    },
  });

  beforeAll(async () => void (api = await startTaskApi()));
  afterAll(() => api.stop());

  it('are created, updated, and unchanged by the same again', async () => {
    const rate = { count: 5, period: undefined, burst: 0 };
    const said = { strict: true, closed: true, quotas: quotas({ maxLiveTasks: 7, createRate: rate }) };
    const first = await set(namespace('a', said));
    const filled = { ...said, quotas: quotas({ maxLiveTasks: 7, createRate: { count: 5, period: second, burst: 5 } }) };
    expect(first).toMatchObject({ outcome: SetOutcome.CREATED, namespace: { name: 'a', ...filled } });
    expect(await set(namespace('a', filled))).toEqual({ ...first, outcome: SetOutcome.UNCHANGED });
    const second_ = await set(namespace('a', { description: 'Only words' }));
    expect(second_).toMatchObject({
      outcome: SetOutcome.UPDATED,
      namespace: { strict: false, closed: false, quotas: quotas({}), createTime: first.namespace?.createTime },
    });
    expect(await api.namespaces.getNamespace({ name: 'a' })).toEqual({ namespace: second_.namespace });
  });

  it('need not be set to be used, but only what was set is there to be got', async () => {
    await create('nobody.set.this');
    const { code, refusal } = await refusalOf((options) =>
      api.namespaces.getNamespace({ name: 'nobody.set.this' }, options),
    );
    expect([code, refusal.reason]).toEqual(['NOT_FOUND', 'NAMESPACE_NOT_FOUND']);
    expect(refusal.metadata).toEqual({ namespace: 'nobody.set.this' });
    expect((await set(namespace(''))).namespace?.name).toBe('default');
    expect((await api.namespaces.getNamespace({ name: '' })).namespace?.name).toBe('default');
  });

  it('are listed by name, page after page', async () => {
    for (const name of ['list-c', 'list-a', 'list-b']) await set(namespace(name));
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await api.namespaces.listNamespaces({ pageSize: 2, pageToken });
      names.push(...page.namespaces.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names.filter((name) => name.startsWith('list-'))).toEqual(['list-a', 'list-b', 'list-c']);
    expect(names).toEqual([...new Set(names)].sort());
    const wrong = await refusalOf((options) => api.namespaces.listNamespaces({ pageSize: 2, pageToken: 'x' }, options));
    expect(wrong.refusal.reason).toBe('INVALID_PAGE_TOKEN');
  });

  it('that are strict take only tasks of types that are registered and active', async () => {
    await set(namespace('strict', { strict: true }));
    const refusal = await createRefused('strict');
    expect([refusal.reason, refusal.metadata]).toEqual([
      'TASK_TYPE_NOT_FOUND',
      { namespace: 'strict', type: 'some.work', version: '0' },
    ]);
    const unscheduled = await refusalOf((options) => api.schedules.createSchedule(schedule('strict'), options));
    expect(unscheduled.refusal.reason).toBe('TASK_TYPE_NOT_FOUND');
    await register('strict', 'some.work');
    await create('strict');
    await api.schedules.createSchedule(schedule('strict'));
    const { results } = await createMany('strict', [spec('some.work'), spec('other.work')]);
    expect(results.map(({ error }) => error?.code ?? 0)).toEqual([0, 5]);
    await api.types.deactivateTaskType({ namespace: 'strict', name: 'some.work', version: 1 });
    expect((await createRefused('strict')).reason).toBe('TASK_TYPE_INACTIVE');
  });

  it('that are strict take a type that another process has registered a moment ago', async () => {
    await set(namespace('strict-elsewhere', { strict: true }));
    const body = JSON.stringify({ description: '', paramSchema: '', defaults: {} });
    const key = { kind: 'TASK_TYPE', namespace: 'strict-elsewhere', version: 1 } as const;
    api.clock.advance(Duration.ofSeconds(1));
    await api.store.definitions.put({ ...key, name: 'some.work', body });
    await create('strict-elsewhere');
    await api.store.definitions.put({ ...key, name: 'some.schedule', body });
    await api.schedules.createSchedule(schedule('strict-elsewhere', 'some.schedule'));
  });

  it('that are closed take nothing new; what exists goes on', async () => {
    const { task } = await create('closed');
    await api.schedules.createSchedule(schedule('closed'));
    await set(namespace('closed', { closed: true }));
    const key = { namespace: 'closed', scheduleId: 'every-minute', requestId: '' };
    const fromTime = new Date(Date.UTC(2020, 0));
    const beforeTime = new Date(Date.UTC(2020, 0, 1, 0, 1));
    for (const call of [
      (options: object) => api.tasks.createTask({ namespace: 'closed', task: spec('x'), requestId: '' }, options),
      (options: object) =>
        api.tasks.createTasks(
          { namespace: 'closed', tasks: [spec('x')], requestId: '', partialSuccess: true },
          options,
        ),
      (options: object) => api.schedules.createSchedule({ ...schedule('closed'), scheduleId: 'other' }, options),
      (options: object) => api.schedules.triggerSchedule(key, options),
      (options: object) => api.schedules.backfillSchedule({ ...key, fromTime, beforeTime }, options),
    ]) {
      const { code, refusal } = await refusalOf(call);
      expect([code, refusal.reason]).toEqual(['FAILED_PRECONDITION', 'NAMESPACE_CLOSED']);
      expect(refusal.metadata).toEqual({ namespace: 'closed' });
    }
    api.clock.advance(Duration.of({ minutes: 1 }));
    expect((await api.store.schedules.fireSchedules(100)).count).toBeGreaterThan(0);
    const { tasks } = await api.tasks.listTasks({
      ...taskv1.ListTasksRequest.decode(new Uint8Array()),
      namespace: 'closed',
    });
    expect(tasks).toHaveLength(2);
    await api.tasks.cancelTask({ namespace: 'closed', taskId: task?.id ?? '' });
    await set(namespace('closed'));
    await create('closed');
  });

  it('may take only smaller params than the server does', async () => {
    await set(namespace('small', { quotas: quotas({ maxPayloadBytes: 10 }) }));
    await create('small', spec('some.work', { params: params(10) }));
    const refusal = await createRefused('small', spec('some.work', { params: params(11) }));
    expect([refusal.reason, refusal.metadata['limit_bytes']]).toEqual(['PAYLOAD_TOO_LARGE', '10']);
  });

  it('take as many live tasks as they have room for: all of a batch, or those that fit', async () => {
    await set(namespace('full', { quotas: quotas({ maxLiveTasks: 5 }) }));
    const tasks = Array.from({ length: 4 }, () => spec('some.work'));
    const { results } = await createMany('full', tasks, 'first');
    expect(results.map(({ error }) => error)).toEqual([undefined, undefined, undefined, undefined]);
    const atomic = await refusalOf((options) =>
      api.tasks.createTasks({ namespace: 'full', tasks, requestId: '', partialSuccess: false }, options),
    );
    expect([atomic.code, atomic.refusal.reason]).toEqual(['RESOURCE_EXHAUSTED', 'QUOTA_EXCEEDED']);
    expect(atomic.refusal.metadata).toEqual({ namespace: 'full', quota: 'max_live_tasks', limit: '5', room: '1' });
    expect(atomic.refusal.retryAfter).toEqual(Duration.ofSeconds(1));
    const fitting = await createMany('full', tasks, 'second');
    expect(fitting.results.map(({ error }) => error?.code ?? 0)).toEqual([0, 8, 8, 8]);
    const repeated = await createMany('full', tasks, 'second');
    expect(repeated.results[0]).toEqual({ ...fitting.results[0], deduplicated: true });
    expect(repeated.results.map(({ error }) => error?.code ?? 0)).toEqual([0, 8, 8, 8]);
    const own = await createMany('full', [spec('some.work', { id: 'mine' })]);
    expect(own.results.map(({ taskId, error }) => [taskId, error?.code])).toEqual([['mine', 8]]);
    await api.tasks.cancelTask({ namespace: 'full', taskId: fitting.results[0]?.taskId ?? '' });
    await create('full');
    expect((await createRefused('full')).reason).toBe('QUOTA_EXCEEDED');
  });

  it('take no more than their rate lets in', async () => {
    const createRate = { count: 10, period: second, burst: 2 };
    await set(namespace('paced', { quotas: quotas({ createRate }) }));
    const { results } = await createMany(
      'paced',
      Array.from({ length: 3 }, () => spec('some.work')),
    );
    expect(results.map(({ error }) => error?.code ?? 0)).toEqual([0, 0, 8]);
    const refusal = await createRefused('paced');
    expect(refusal.metadata).toMatchObject({ quota: 'create_rate', limit: '10 per 1s', room: '0' });
    expect(refusal.retryAfter).toEqual(Duration.ofMillis(100));
    api.clock.advance(Duration.ofMillis(100));
    await create('paced');
  });

  it('do not stop schedules by their quotas, but count what these make', async () => {
    await set(namespace('scheduled', { quotas: quotas({ maxLiveTasks: 1 }) }));
    await create('scheduled');
    await api.schedules.createSchedule(schedule('scheduled'));
    api.clock.advance(Duration.of({ minutes: 1 }));
    expect((await api.store.schedules.fireSchedules(100)).count).toBeGreaterThan(0);
    await set(namespace('scheduled', { quotas: quotas({ maxLiveTasks: 3 }) }));
    await create('scheduled');
    expect((await createRefused('scheduled')).metadata).toMatchObject({ room: '0' });
  });

  it.each<[string, namespacev1.Namespace | undefined, string]>([
    ['nothing', undefined, 'namespace'],
    ['a bad name', namespace('a b'), 'namespace.name'],
    ['a long name', namespace('x'.repeat(129)), 'namespace.name'],
    ['a long description', namespace('bad', { description: 'x'.repeat(5000) }), 'namespace.description'],
    ['a NUL', namespace('bad', { description: '\0' }), 'namespace.description'],
    [
      'too many live tasks',
      namespace('bad', { quotas: quotas({ maxLiveTasks: 10_000_001 }) }),
      'namespace.quotas.max_live_tasks',
    ],
    [
      'larger params than the server takes',
      namespace('bad', { quotas: quotas({ maxPayloadBytes: 1024 * 1024 + 1 }) }),
      'namespace.quotas.max_payload_bytes',
    ],
    [
      'a rate of nothing',
      namespace('bad', { quotas: quotas({ createRate: { count: 0, period: second, burst: 1 } }) }),
      'namespace.quotas.create_rate.count',
    ],
    [
      'a rate without end',
      namespace('bad', {
        quotas: quotas({ createRate: { count: 1, period: { seconds: 1n << 40n, nanos: 0 }, burst: 1 } }),
      }),
      'namespace.quotas.create_rate.period',
    ],
  ])('are refused with %s, and nothing is set', async (_, given, field) => {
    const { code, refusal } = await refusalOf((options) => api.namespaces.setNamespace({ namespace: given }, options));
    expect([code, refusal.reason]).toEqual(['INVALID_ARGUMENT', 'INVALID_FIELD']);
    expect(refusal.violations.map((violation) => violation.field)).toContain(field);
    const bad = await refusalOf((options) => api.namespaces.getNamespace({ name: 'bad' }, options));
    expect(bad.refusal.reason).toBe('NAMESPACE_NOT_FOUND');
  });

  it('are refused with a bad page or name', async () => {
    const list = await refusalOf((options) => api.namespaces.listNamespaces({ pageSize: -1, pageToken: '' }, options));
    expect(list.refusal.metadata).toEqual({ field: 'page_size' });
    const get = await refusalOf((options) => api.namespaces.getNamespace({ name: 'a b' }, options));
    expect(get.refusal.metadata).toEqual({ field: 'name' });
  });
});
