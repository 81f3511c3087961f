import { taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const { RegisterOutcome } = taskv1;

const type = (name: string, fields: Partial<taskv1.TaskType> = {}): taskv1.TaskType => ({
  ...taskv1.TaskType.decode(new Uint8Array()),
  name,
  ...fields,
});
const defaults = (fields: Partial<taskv1.TaskTypeDefaults> = {}): taskv1.TaskTypeDefaults => ({
  ...taskv1.TaskTypeDefaults.decode(new Uint8Array()),
  ...fields,
});
const params = (value: unknown) => ({ data: Buffer.from(JSON.stringify(value)), contentType: '' });
const schema = JSON.stringify({
  type: 'object',
  required: ['urls'],
  properties: {
    urls: { type: 'array', items: { type: 'string', format: 'uri' }, minItems: 1 },
    depth: { type: 'integer', maximum: 5 },
    'odd name': { type: 'string', pattern: '^[a-z]+(\\.[a-z]+)*$' },
    mode: { enum: ['fast', 'slow'] },
  },
  additionalProperties: false,
});

describe('A2: task types', () => {
  let api: Awaited<ReturnType<typeof startTaskApi>>;
  const register = (taskType: taskv1.TaskType) => api.types.registerTaskType({ taskType });
  const create = (task: taskv1.TaskSpec) => api.tasks.createTask({ namespace: '', task, requestId: '' });
  const createRefused = (task: taskv1.TaskSpec) =>
    refusalOf((options) => api.tasks.createTask({ namespace: '', task, requestId: '' }, options));

  beforeAll(async () => void (api = await startTaskApi()));
  afterAll(() => api.stop());

  it('are created, updated, and unchanged by the same again, whatever the order of its labels', async () => {
    const labels = { a: '1', b: '2' };
    const first = await register(type('PrismQ.YouTube.Channel.Scrape', { defaults: defaults({ labels }) }));
    expect(first).toMatchObject({ outcome: RegisterOutcome.CREATED, taskType: { version: 1, active: true } });
    const same = await register(
      type('PrismQ.YouTube.Channel.Scrape', { defaults: defaults({ labels: { b: '2', a: '1' } }) }),
    );
    expect(same).toEqual({ ...first, outcome: RegisterOutcome.UNCHANGED });
    const updated = await register(type('PrismQ.YouTube.Channel.Scrape', { description: 'Scrapes' }));
    expect(updated).toMatchObject({ outcome: RegisterOutcome.UPDATED, taskType: { description: 'Scrapes' } });
    const second = await register(type('PrismQ.YouTube.Channel.Scrape', { version: 2 }));
    expect(second.outcome).toBe(RegisterOutcome.CREATED);
  });

  it.each<[string, unknown, readonly string[]]>([
    ['nothing', {}, ['task.params.urls']],
    ['null', null, ['task.params']],
    ['a wrong item', { urls: ['https://example.org', 'no uri'] }, ['task.params.urls[1]']],
    ['two wrong members', { urls: ['http://a.b'], depth: 7, mode: 'x' }, ['task.params.depth', 'task.params.mode']],
    ['too much', { urls: ['http://a.b'], extra: 1 }, ['task.params.extra']],
    ['a member with an odd name', { urls: ['http://a.b'], 'odd name': '!' }, ['task.params["odd name"]']],
  ])('hold params to their schema: %s', async (_, value, fields) => {
    await register(type('crawl', { paramSchema: schema }));
    const { code, refusal } = await createRefused(spec('crawl', { params: params(value) }));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map(({ field }) => field).sort()).toEqual([...fields].sort());
  });

  it('refuse params that are no JSON, and accept what fits', async () => {
    await register(type('crawl', { paramSchema: schema }));
    const broken = { data: Buffer.from('{'), contentType: '' };
    expect((await createRefused(spec('crawl', { params: broken }))).refusal.metadata).toEqual({ field: 'task.params' });
    const image = { data: Buffer.from('{}'), contentType: 'image/png' };
    const refused = await createRefused(spec('crawl', { params: image }));
    expect(refused.refusal.metadata).toEqual({ field: 'task.params.content_type' });
    const { task } = await create(spec('crawl', { params: params({ urls: ['https://example.org'], mode: 'fast' }) }));
    expect(task?.typeVersion).toBe(1);
  });

  it('give their tasks what those leave out', async () => {
    const given = defaults({
      queue: 'slow',
      priority: 7,
      runTimeout: { seconds: 90n, nanos: 0 },
      retryPolicy: { ...taskv1.RetryPolicy.decode(new Uint8Array()), maxAttempts: 2 },
      labels: { team: 'a', tier: '1' },
      dedup: { key: '', window: taskv1.DedupWindow.WHILE_ACTIVE, duration: undefined },
    });
    await register(type('with.defaults', { defaults: given }));
    const { task } = await create(spec('with.defaults', { params: params({ n: 1 }), labels: { tier: '2' } }));
    expect(task).toMatchObject({ queue: 'slow', priority: 7, maxAttempts: 2, labels: { team: 'a', tier: '2' } });
    expect(task?.runTimeout?.seconds).toBe(90n);
    expect((await create(spec('with.defaults', { params: params({ n: 1 }) }))).deduplicated).toBe(true);
    const none = { key: '', window: taskv1.DedupWindow.NONE, duration: undefined };
    const own = spec('with.defaults', { queue: 'own', priority: 0, dedup: none, params: params({ n: 1 }) });
    expect(await create(own)).toMatchObject({ deduplicated: false, task: { queue: 'own', priority: 0, dedupKey: '' } });
  });

  it('stand side by side in versions; a task takes the newest that is active, or the one it names', async () => {
    await register(type('versioned', { version: 1 }));
    await register(type('versioned', { version: 3, paramSchema: '{"type":"object"}' }));
    expect((await create(spec('versioned', { params: params({}) }))).task?.typeVersion).toBe(3);
    expect((await create(spec('versioned', { typeVersion: 1, params: params(1) }))).task?.typeVersion).toBe(1);
    const missing = await createRefused(spec('versioned', { typeVersion: 2 }));
    expect([missing.code, missing.refusal.reason]).toEqual(['NOT_FOUND', 'TASK_TYPE_NOT_FOUND']);
    await api.types.deactivateTaskType({ namespace: '', name: 'versioned', version: 3 });
    expect((await create(spec('versioned', { params: params(1) }))).task?.typeVersion).toBe(1);
    const inactive = await createRefused(spec('versioned', { typeVersion: 3 }));
    expect([inactive.code, inactive.refusal.reason]).toEqual(['FAILED_PRECONDITION', 'TASK_TYPE_INACTIVE']);
    await api.types.deactivateTaskType({ namespace: '', name: 'versioned', version: 1 });
    expect((await createRefused(spec('versioned'))).refusal.metadata).toMatchObject({ version: '0' });
    const again = await register(type('versioned', { version: 1 }));
    expect(again.outcome).toBe(RegisterOutcome.UPDATED);
    expect((await create(spec('versioned'))).task?.typeVersion).toBe(1);
  });

  it('are not needed: a task of an unregistered type is accepted', async () => {
    expect((await create(spec('nobody.registered.this'))).task).toMatchObject({ typeVersion: 0, queue: 'default' });
    expect((await createRefused(spec('nobody.registered.this', { typeVersion: 1 }))).refusal.reason).toBe(
      'TASK_TYPE_NOT_FOUND',
    );
  });

  it('refuse only the tasks they concern where each is for itself', async () => {
    await register(type('crawl', { paramSchema: schema }));
    const tasks = [spec('crawl', { params: params({}) }), spec('other')];
    const request = { namespace: '', tasks, requestId: '', partialSuccess: true };
    const { results } = await api.tasks.createTasks(request);
    expect(results.map(({ error }) => error?.code ?? 0)).toEqual([3, 0]);
    const atomic = await refusalOf((options) => api.tasks.createTasks({ ...request, partialSuccess: false }, options));
    expect(atomic.refusal.metadata).toEqual({ field: 'tasks[0].params.urls' });
  });

  it('are got and listed, page after page', async () => {
    for (const version of [1, 2, 3]) await register(type('listed', { namespace: 'lists', version }));
    await api.types.deactivateTaskType({ namespace: 'lists', name: 'listed', version: 3 });
    const get = (version: number) => api.types.getTaskType({ namespace: 'lists', name: 'listed', version });
    expect((await get(0)).taskType?.version).toBe(2);
    expect((await get(3)).taskType).toMatchObject({ version: 3, active: false });
    const list = { namespace: 'lists', activeOnly: false, pageSize: 2, pageToken: '' };
    const first = await api.types.listTaskTypes(list);
    expect(first.taskTypes.map(({ version }) => version)).toEqual([1, 2]);
    const second = await api.types.listTaskTypes({ ...list, pageToken: first.nextPageToken });
    expect([second.taskTypes.map(({ version }) => version), second.nextPageToken]).toEqual([[3], '']);
    expect((await api.types.listTaskTypes({ ...list, pageSize: 0, activeOnly: true })).taskTypes).toHaveLength(2);
    const elsewhere = await refusalOf((options) =>
      api.types.listTaskTypes({ ...list, namespace: 'other', pageToken: first.nextPageToken }, options),
    );
    expect(elsewhere.refusal.reason).toBe('INVALID_PAGE_TOKEN');
  });

  it('are heard of when another process has registered them', async () => {
    const body = JSON.stringify({ description: '', paramSchema: '{"type":"object"}', defaults: {} });
    const key = { kind: 'TASK_TYPE', namespace: 'default', name: 'from.elsewhere', version: 1 } as const;
    api.clock.advance(Duration.ofSeconds(1));
    await api.store.definitions.put({ ...key, body });
    const refused = await createRefused(spec('from.elsewhere', { typeVersion: 1, params: params(1) }));
    expect(refused.refusal.reason).toBe('INVALID_FIELD');
  });

  it.each<[string, Partial<taskv1.TaskType>, string]>([
    ['no name', { name: '' }, 'task_type.name'],
    ['a bad name', { name: 'a b' }, 'task_type.name'],
    ['a long name', { name: 'x'.repeat(256) }, 'task_type.name'],
    ['a bad namespace', { namespace: 'ä' }, 'task_type.namespace'],
    ['a version out of range', { version: 1_000_001 }, 'task_type.version'],
    ['a long description', { description: 'x'.repeat(5000) }, 'task_type.description'],
    ['a schema that is no JSON', { paramSchema: '{' }, 'task_type.param_schema'],
    ['a schema that is a list', { paramSchema: '[]' }, 'task_type.param_schema'],
    ['a schema that says nonsense', { paramSchema: '{"type":"nonsense"}' }, 'task_type.param_schema'],
    ['a schema with a bad keyword', { paramSchema: '{"minItems":-1}' }, 'task_type.param_schema'],
    ['a schema that refers elsewhere', { paramSchema: '{"$ref":"https://example.org/s"}' }, 'task_type.param_schema'],
    ['a schema that refers to a file', { paramSchema: '{"$ref":"file:///etc/passwd"}' }, 'task_type.param_schema'],
    ['a pattern that is none', { paramSchema: '{"pattern":"("}' }, 'task_type.param_schema'],
    ['a pattern that takes forever', { paramSchema: '{"pattern":"^(?=a)(a+)+$"}' }, 'task_type.param_schema'],
    ['a long pattern', { paramSchema: JSON.stringify({ pattern: 'a'.repeat(1001) }) }, 'task_type.param_schema'],
    ['a long schema', { paramSchema: JSON.stringify({ title: 'x'.repeat(70_000) }) }, 'task_type.param_schema'],
    ['a deep schema', { paramSchema: '{"not":'.repeat(60) + 'true' + '}'.repeat(60) }, 'task_type.param_schema'],
    ['a very deep schema', { paramSchema: '['.repeat(60_000) }, 'task_type.param_schema'],
    ['a bad queue', { defaults: defaults({ queue: ' ' }) }, 'task_type.defaults.queue'],
    ['a bad priority', { defaults: defaults({ priority: 1_000_001 }) }, 'task_type.defaults.priority'],
    [
      'no run timeout',
      { defaults: defaults({ runTimeout: { seconds: 0n, nanos: 0 } }) },
      'task_type.defaults.run_timeout',
    ],
    ['a bad label', { defaults: defaults({ labels: { 'a b': '1' } }) }, 'task_type.defaults.labels["a b"]'],
    [
      'a dedup key',
      { defaults: defaults({ dedup: { key: 'k', window: 1, duration: undefined } }) },
      'task_type.defaults.dedup.key',
    ],
  ])('are refused with %s, and nothing is registered', async (_, fields, field) => {
    const before = await api.store.definitions.changedSince(new Date(0));
    const { code, refusal } = await refusalOf((options) =>
      api.types.registerTaskType({ taskType: type('bad', fields) }, options),
    );
    expect([code, refusal.reason]).toEqual(['INVALID_ARGUMENT', 'INVALID_FIELD']);
    expect(refusal.violations.map((violation) => violation.field)).toContain(field);
    expect(refusal.message).not.toMatch(/node_modules|\.ts:|select |insert /i);
    expect(await api.store.definitions.changedSince(new Date(0))).toEqual(before);
  });

  it('never break over schemas and params of any kind, nor take long', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), async (someSchema, value) => {
        const taskType = type('fuzz', { paramSchema: JSON.stringify(someSchema) });
        const registered = await api.types.registerTaskType({ taskType }).catch(() => null);
        if (!registered) {
          const refused = await refusalOf((options) => api.types.registerTaskType({ taskType }, options));
          expect(refused.refusal.reason).toBe('INVALID_FIELD');
          return;
        }
        const task = spec('fuzz', { params: params(value) });
        const made = await api.tasks.createTask({ namespace: '', task, requestId: '' }).catch(() => null);
        if (!made) expect((await createRefused(task)).refusal.reason).toBe('INVALID_FIELD');
      }),
      { numRuns: 150 },
    );
    await register(type('slow', { paramSchema: JSON.stringify({ pattern: '^(a+)+$' }) }));
    const begun = performance.now();
    await createRefused(spec('slow', { params: params(`${'a'.repeat(500_000)}!`) }));
    expect(performance.now() - begun).toBeLessThan(5_000);
    await register(type('selves', { paramSchema: '{"items":{"$ref":"#"}}' }));
    const deep = { data: Buffer.from('['.repeat(200_000) + ']'.repeat(200_000)), contentType: '' };
    expect((await createRefused(spec('selves', { params: deep }))).refusal.metadata).toEqual({ field: 'task.params' });
  });
});
