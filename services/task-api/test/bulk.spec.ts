import { errorv1, taskErrorFromProto, taskv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import type { CallOptions } from 'nice-grpc-common';
import { refusalOf, spec, startTaskApi } from './harness.ts';

type Api = Awaited<ReturnType<typeof startTaskApi>>;

let api: Api;

beforeEach(async () => {
  api = await startTaskApi();
});
afterEach(() => api.stop());

const select = (
  fields: Omit<Partial<taskv1.TaskSelection>, 'filter'> & { filter?: Partial<taskv1.TaskFilter> } = {},
) => ({
  namespace: '',
  selection: {
    all: false,
    dryRun: false,
    maxTasks: 0n,
    resumeToken: '',
    ...fields,
    filter: fields.filter ? { ...taskv1.TaskFilter.decode(new Uint8Array()), ...fields.filter } : undefined,
  },
});

async function createMany(count: number, fields: Partial<taskv1.TaskSpec> = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let left = count; left > 0; left -= 1000) {
    const tasks = Array.from({ length: Math.min(left, 1000) }, () => spec('work', fields));
    const { results } = await api.tasks.createTasks({ namespace: '', tasks, requestId: '', partialSuccess: false });
    ids.push(...results.map(({ taskId }) => taskId));
  }
  return ids;
}

async function drain<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

const counts = (progress: taskv1.BulkProgress | undefined) => [
  progress?.matchedCount,
  progress?.changedCount,
  progress?.done,
];

describe('bulk operations', () => {
  it('A10: a dry run counts and changes nothing; the run then changes as many', async () => {
    await createMany(2500, { labels: { tenant: 'a' } });
    await createMany(10, { labels: { tenant: 'b' } });
    const filter = { labels: { tenant: 'a' } };
    const dry = await drain(api.tasks.bulkCancelTasks(select({ filter, dryRun: true })));
    expect(counts(dry.at(-1)?.progress)).toEqual([2500n, 0n, true]);
    const run = await drain(api.tasks.bulkCancelTasks(select({ filter })));
    expect(run.map(({ progress }) => counts(progress))).toEqual([
      [1000n, 1000n, false],
      [2000n, 2000n, false],
      [2500n, 2500n, true],
    ]);
    const left = await api.store.tasks.listTasks({ namespace: 'default', statuses: ['PENDING'], limit: 100 });
    expect(left.map(({ labels }) => labels['tenant'])).toEqual(new Array(10).fill('b'));
  });

  it('A10: goes on where it broke off', async () => {
    await createMany(3000);
    const first = await drain(api.tasks.bulkCancelTasks(select({ all: true, maxTasks: 1500n })));
    expect(counts(first.at(-1)?.progress)).toEqual([1500n, 1500n, true]);
    const resumeToken = first.at(-1)?.progress?.resumeToken ?? '';
    const rest = await drain(api.tasks.bulkCancelTasks(select({ all: true, resumeToken })));
    expect(counts(rest.at(-1)?.progress)).toEqual([1500n, 1500n, true]);
    expect(rest.at(-1)?.progress?.resumeToken).toBe('');
  });

  it('A10: stops when its caller hangs up', async () => {
    await createMany(5000);
    const abort = new AbortController();
    const [entered, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const cancelTasks = api.store.tasks.cancelTasks.bind(api.store.tasks);
    let batches = 0;
    api.store.tasks.cancelTasks = async (batch) => {
      if ((batches += 1) === 2) {
        entered.resolve();
        await left.promise;
      }
      return cancelTasks(batch);
    };
    const read = drain(api.tasks.bulkCancelTasks(select({ all: true }), { signal: abort.signal }));
    await entered.promise;
    abort.abort();
    await expect(read).rejects.toThrow();
    // By the next call on the same connection the server has heard of it.
    await createMany(1);
    left.resolve();
    await createMany(1);
    expect(batches).toBe(2);
  });

  it('A10: dead letters are listed, redriven and deleted by filter', async () => {
    await createMany(5, { queue: 'a', retryPolicy: undefined });
    const claim = {
      namespace: 'default',
      queues: ['a'],
      types: [],
      strategy: 'FIFO',
      leaseDuration: Duration.ofSeconds(30),
    } as const;
    const running = await api.store.tasks.claimTasks({ ...claim, slots: new Array<string>(5).fill('w') });
    const error = { ...errorv1.TaskError.decode(new Uint8Array()), message: 'broken', errorType: 'validation' };
    await api.store.tasks.failTasks(
      'default',
      running.map(({ id, leaseToken }) => ({
        lease: { taskId: id, token: leaseToken ?? '' },
        error: taskErrorFromProto(error, 'error', api.clock.now()),
        decision: { retry: false },
        ifExpiresAt: null,
      })),
    );
    const failed = { ...taskv1.TaskFilter.decode(new Uint8Array()), statuses: [taskv1.TaskStatus.FAILED] };
    const list = { namespace: '', filter: failed, pageSize: 0, pageToken: '', view: taskv1.TaskView.FULL };
    const { tasks } = await api.tasks.listTasks(list);
    expect(tasks.map(({ error: why }) => why?.message)).toEqual(new Array(5).fill('broken'));
    const redriven = await drain(api.tasks.bulkRetryTasks(select({ filter: { queues: ['a'] }, maxTasks: 2n })));
    expect(counts(redriven.at(-1)?.progress)).toEqual([2n, 2n, true]);
    const deleted = await drain(api.tasks.bulkDeleteTasks({ ...select({ filter: { queues: ['a'] } }), force: false }));
    expect(counts(deleted.at(-1)?.progress)).toEqual([3n, 3n, true]);
    const left = await api.store.tasks.listTasks({ namespace: 'default', limit: 10 });
    expect(left.map(({ status }) => status)).toEqual(['PENDING', 'PENDING']);
  });

  it('tells the scheduler of running tasks that are to be cancelled', async () => {
    const [id = ''] = await createMany(1);
    await api.store.tasks.claimTasks({
      namespace: 'default',
      queues: ['default'],
      types: [],
      strategy: 'FIFO',
      slots: ['w'],
      leaseDuration: Duration.ofSeconds(30),
    });
    await drain(api.tasks.bulkCancelTasks(select({ all: true })));
    expect(api.hints.at(-1)).toEqual({ cancels: [{ namespace: 'default', id }] });
  });

  const bad: readonly [what: string, field: string, call: (options: CallOptions) => Promise<unknown>][] = [
    [
      'no selection',
      'selection.filter',
      (o) => drain(api.tasks.bulkRetryTasks({ namespace: '', selection: undefined }, o)),
    ],
    [
      'an empty filter',
      'selection.filter',
      (o) => drain(api.tasks.bulkDeleteTasks({ ...select({ filter: {} }), force: false }, o)),
    ],
    [
      'a filter beside all',
      'selection.filter',
      (o) => drain(api.tasks.bulkCancelTasks(select({ all: true, filter: { queues: ['a'] } }), o)),
    ],
    [
      'a status it cannot retry',
      'selection.filter.statuses[0]',
      (o) => drain(api.tasks.bulkRetryTasks(select({ filter: { statuses: [taskv1.TaskStatus.SUCCEEDED] } }), o)),
    ],
    [
      'a status it cannot cancel',
      'selection.filter.statuses[1]',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { statuses: [1, 4] } }), o)),
    ],
    [
      'a live status without force',
      'selection.filter.statuses[0]',
      (o) => drain(api.tasks.bulkDeleteTasks({ ...select({ filter: { statuses: [1] } }), force: false }, o)),
    ],
    [
      'an unknown status',
      'selection.filter.statuses[0]',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { statuses: [99 as never] } }), o)),
    ],
    [
      'a bad queue',
      'selection.filter.queues[0]',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { queues: ['a b'] } }), o)),
    ],
    [
      'too many queues',
      'selection.filter.queues',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { queues: new Array<string>(101).fill('a') } }), o)),
    ],
    [
      'a bad type',
      'selection.filter.types[0]',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { types: ['*'] } }), o)),
    ],
    [
      'a label with NUL',
      'selection.filter.labels["a"]',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { labels: { a: '\0' } } }), o)),
    ],
    [
      'a correlation id with NUL',
      'selection.filter.correlation_id',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { correlationId: '\0' } }), o)),
    ],
    [
      'a bad parent',
      'selection.filter.parent_task_id',
      (o) => drain(api.tasks.bulkCancelTasks(select({ filter: { parentTaskId: ' ' } }), o)),
    ],
    [
      'a bad namespace',
      'namespace',
      (o) => drain(api.tasks.bulkCancelTasks({ ...select({ all: true }), namespace: 'a b' }, o)),
    ],
    [
      'a huge cap',
      'selection.max_tasks',
      (o) => drain(api.tasks.bulkCancelTasks(select({ all: true, maxTasks: 2n ** 63n }), o)),
    ],
    [
      'a token that is none',
      'selection.resume_token',
      (o) => drain(api.tasks.bulkCancelTasks(select({ all: true, resumeToken: 'x' }), o)),
    ],
    ['no id to delete', 'task_id', (o) => api.tasks.deleteTask({ namespace: '', taskId: '', force: false }, o)],
    ['a bad id to delete', 'task_id', (o) => api.tasks.deleteTask({ namespace: '', taskId: '\0', force: true }, o)],
  ];
  it.each(bad)('refuses %s, and changes nothing', async (_, field, call) => {
    const ids = await createMany(1);
    const { code, refusal } = await refusalOf(call);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map((violation) => violation.field)).toContain(field);
    const [task] = await api.store.tasks.listTasks({ namespace: 'default', limit: 10 });
    expect([task?.id, task?.status]).toEqual([ids[0], 'PENDING']);
  });

  it('refuses a token of another operation', async () => {
    await createMany(2);
    const [first] = await drain(api.tasks.bulkCancelTasks(select({ all: true, maxTasks: 1n })));
    const resumeToken = first?.progress?.resumeToken ?? '';
    const { refusal } = await refusalOf((o) => drain(api.tasks.bulkRetryTasks(select({ all: true, resumeToken }), o)));
    expect(refusal.reason).toBe('INVALID_PAGE_TOKEN');
  });
});

describe('deleting one task', () => {
  it('deletes an ended one and refuses a live one unless forced', async () => {
    const [id = ''] = await createMany(1);
    const { code, refusal } = await refusalOf((o) =>
      api.tasks.deleteTask({ namespace: '', taskId: id, force: false }, o),
    );
    expect([code, refusal.reason, refusal.metadata['from']]).toEqual([
      'FAILED_PRECONDITION',
      'ILLEGAL_TRANSITION',
      'PENDING',
    ]);
    await api.tasks.cancelTask({ namespace: '', taskId: id });
    await api.tasks.deleteTask({ namespace: '', taskId: id, force: false });
    const again = await refusalOf((o) => api.tasks.deleteTask({ namespace: '', taskId: id, force: false }, o));
    expect(again.refusal.reason).toBe('TASK_NOT_FOUND');
    const [other = ''] = await createMany(1);
    await api.tasks.deleteTask({ namespace: '', taskId: other, force: true });
    expect(await api.store.tasks.listTasks({ namespace: 'default', limit: 10 })).toEqual([]);
  });

  it('ends a watch of it', async () => {
    const [id = ''] = await createMany(1);
    const stream = api.tasks.watchTasks(
      (async function* () {
        yield { namespace: '', taskIds: [id], view: 0 };
        await new Promise((resolve) => setTimeout(resolve, 50));
        await api.tasks.deleteTask({ namespace: '', taskId: id, force: true });
        await api.bus.publish([
          {
            noun: 'task',
            kind: 'deleted',
            namespace: 'default',
            taskId: id,
            sequence: 2,
            at: new Date(),
            queue: 'default',
            type: 'work',
            status: 'PENDING',
            attempt: 0,
            workerId: '',
            correlationId: '',
            traceparent: '',
            error: null,
            progress: null,
          },
        ]);
      })(),
    );
    const answers = await drain(stream);
    expect(answers.flatMap(({ unknownTaskIds }) => unknownTaskIds)).toEqual([id]);
  });
});
