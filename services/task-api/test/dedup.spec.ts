import { taskv1 } from '@orrery/contracts';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const { DedupWindow } = taskv1;

const dedup = (fields: Partial<taskv1.Dedup> = {}): taskv1.Dedup => ({
  ...taskv1.Dedup.decode(new Uint8Array()),
  ...fields,
});
const params = (text: string) => ({ data: Buffer.from(text), contentType: '' });

describe('A3: deduplication over the wire', () => {
  let api: Awaited<ReturnType<typeof startTaskApi>>;
  const create = (task: taskv1.TaskSpec) => api.tasks.createTask({ namespace: '', task, requestId: '' });

  beforeAll(async () => void (api = await startTaskApi()));
  afterAll(() => api.stop());

  it('takes tasks of one type with the same params for the same, whatever the order of their keys', async () => {
    const first = await create(spec('count', { dedup: dedup(), params: params('{"a":1,"b":2}') }));
    const again = await create(spec('count', { dedup: dedup(), params: params('{ "b": 2, "a": 1 }') }));
    expect(again.deduplicated).toBe(true);
    expect(again.task?.id).toBe(first.task?.id);
    expect(again.task?.dedupKey).toMatch(/^sha256:/);
    const other = await create(spec('count', { dedup: dedup(), params: params('{"a":1,"b":3}') }));
    expect(other.deduplicated).toBe(false);
    expect((await create(spec('count', { params: params('{"a":1,"b":2}') }))).deduplicated).toBe(false);
  });

  it('tells of each task of a batch, atomic or not, with duplicates inside it', async () => {
    for (const partialSuccess of [false, true]) {
      const key = dedup({ key: `batch-${partialSuccess}`, window: DedupWindow.FOREVER });
      const tasks = [spec('a', { dedup: key }), spec('b', { dedup: key }), spec('c')];
      const { results } = await api.tasks.createTasks({ namespace: '', tasks, requestId: '', partialSuccess });
      expect(results.map(({ deduplicated }) => deduplicated)).toEqual([false, true, false]);
      expect(results[1]?.taskId).toBe(results[0]?.taskId);
    }
  });

  it('names a task that was purged by its id alone', async () => {
    const forever = dedup({ key: 'forever', window: DedupWindow.FOREVER });
    const { task } = await create(spec('a', { dedup: forever }));
    await api.tasks.cancelTask({ namespace: '', taskId: task?.id ?? '' });
    await api.store.tasks.purgeTasks(new Date(api.clock.now().getTime() + 1), 10);
    const again = await create(spec('a', { dedup: forever }));
    expect(again).toMatchObject({ deduplicated: true, task: { id: task?.id, namespace: 'default', type: '' } });
  });

  const wrong: readonly (readonly [string, Partial<taskv1.TaskSpec>, string])[] = [
    ['a key that is too long', { dedup: dedup({ key: 'x'.repeat(256) }) }, 'task.dedup.key'],
    ['a key with NUL', { dedup: dedup({ key: 'a\0b' }) }, 'task.dedup.key'],
    ['an unknown window', { dedup: dedup({ window: 77 as taskv1.DedupWindow }) }, 'task.dedup.window'],
    ['a window without its length', { dedup: dedup({ window: DedupWindow.DURATION }) }, 'task.dedup.duration'],
    ['a length of nothing', { dedup: dedup({ duration: { seconds: 0n, nanos: 0 } }) }, 'task.dedup.duration'],
    ['a negative length', { dedup: dedup({ duration: { seconds: -5n, nanos: 0 } }) }, 'task.dedup.duration'],
    [
      'a length beyond 3650 days',
      { dedup: dedup({ duration: { seconds: 10n ** 10n, nanos: 0 } }) },
      'task.dedup.duration',
    ],
    ['a length that is none', { dedup: dedup({ duration: { seconds: 1n, nanos: -1 } }) }, 'task.dedup.duration'],
    [
      'a length that goes with nothing',
      { dedup: dedup({ window: DedupWindow.FOREVER, duration: { seconds: 1n, nanos: 0 } }) },
      'task.dedup.duration',
    ],
    ['params that only say they are JSON', { dedup: dedup(), params: params('{"a":') }, 'task.params'],
    [
      'params that are no text',
      { dedup: dedup(), params: { data: Buffer.from([0xff]), contentType: '' } },
      'task.params',
    ],
    ['params that are nested without end', { dedup: dedup(), params: params('['.repeat(400_000)) }, 'task.params'],
  ];
  it.each(wrong)('refuses %s, and creates nothing', async (_, fields, field) => {
    const before = await api.tasks.listTasks(taskv1.ListTasksRequest.decode(new Uint8Array()));
    const task = spec('a', fields);
    const { code, refusal } = await refusalOf((options) =>
      api.tasks.createTask({ namespace: '', task, requestId: '' }, options),
    );
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map((violation) => violation.field)).toContain(field);
    expect(await api.tasks.listTasks(taskv1.ListTasksRequest.decode(new Uint8Array()))).toEqual(before);
  });
});
