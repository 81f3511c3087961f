import type { flowv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { refusalOf, spec, startTaskApi } from './harness.ts';

const namespace = '';

function limit(fields: Partial<flowv1.FlowLimit>): flowv1.FlowLimit {
  return { ...{ name: 'limit', queue: '', type: '', perKey: false, rate: undefined }, ...fields };
}

describe('A11: limits on the flow of tasks', () => {
  let api: Awaited<ReturnType<typeof startTaskApi>>;
  beforeAll(async () => {
    api = await startTaskApi();
  });
  afterAll(() => api.stop());

  it('are set, replaced, read and deleted', async () => {
    const rate = { count: 5, period: undefined, burst: 0 };
    const set = await api.flow.setFlowLimit({ namespace, limit: limit({ type: 'mail.*', perKey: true, rate }) });
    const filled = { count: 5, period: { seconds: 1n, nanos: 0 }, burst: 5 };
    expect(set).toMatchObject({ created: true, limit: { name: 'limit', type: 'mail.*', perKey: true, rate: filled } });
    expect(set.limit?.maxRunning).toBeUndefined();
    expect(await api.flow.setFlowLimit({ namespace, limit: limit({ maxRunning: 0 }) })).toMatchObject({
      created: false,
    });
    const { limit: read } = await api.flow.getFlowLimit({ namespace, name: 'limit' });
    expect(read).toMatchObject({ type: '', maxRunning: 0 });
    expect((await api.flow.listFlowLimits({ namespace })).limits).toEqual([read]);
    await api.flow.deleteFlowLimit({ namespace, name: 'limit' });
    expect((await api.flow.listFlowLimits({ namespace })).limits).toEqual([]);
  });

  it('are refused where there is none', async () => {
    const { code, refusal } = await refusalOf((options) => api.flow.getFlowLimit({ namespace, name: 'no' }, options));
    expect([code, refusal.reason]).toEqual(['NOT_FOUND', 'FLOW_LIMIT_NOT_FOUND']);
    const deleted = await refusalOf((options) => api.flow.deleteFlowLimit({ namespace, name: 'no' }, options));
    expect(deleted.refusal.reason).toBe('FLOW_LIMIT_NOT_FOUND');
  });

  const period = Duration.ofSeconds(1).toProto();
  it.each([
    ['limit', undefined],
    ['limit.name', limit({ name: '', maxRunning: 1 })],
    ['limit.name', limit({ name: 'a b', maxRunning: 1 })],
    ['limit.queue', limit({ queue: 'a b', maxRunning: 1 })],
    ['limit.type', limit({ type: '*', maxRunning: 1 })],
    ['limit', limit({})],
    ['limit.max_running', limit({ maxRunning: 1_000_001 })],
    ['limit.rate.count', limit({ rate: { count: 0, period, burst: 1 } })],
    ['limit.rate.count', limit({ rate: { count: 1_000_001, period, burst: 1 } })],
    ['limit.rate.burst', limit({ rate: { count: 1, period, burst: 1_000_001 } })],
    ['limit.rate.period', limit({ rate: { count: 1, period: { seconds: 0n, nanos: 1 }, burst: 1 } })],
    ['limit.rate.period', limit({ rate: { count: 1, period: { seconds: -1n, nanos: 0 }, burst: 1 } })],
  ])('refuse a wrong %s', async (field, wrong) => {
    const { code, refusal } = await refusalOf((options) => api.flow.setFlowLimit({ namespace, limit: wrong }, options));
    expect(code).toBe('INVALID_ARGUMENT');
    expect(refusal.violations.map((violation) => violation.field)).toContain(field);
  });

  it('a task has the key it was created with, and a wrong one is refused', async () => {
    const { task } = await api.tasks.createTask({ namespace, requestId: '', task: spec('t', { flowKey: 'acme' }) });
    expect(task?.flowKey).toBe('acme');
    const { refusal } = await refusalOf((options) =>
      api.tasks.createTask({ namespace, requestId: '', task: spec('t', { flowKey: 'a b' }) }, options),
    );
    expect(refusal.violations[0]?.field).toBe('task.flow_key');
  });
});
