import * as refusals from './refusal.ts';

describe('a refusal', () => {
  it('is an error with a reason, and names every wrong field', () => {
    const refusal = refusals.invalidFields([
      { field: 'task.queue', description: 'is empty' },
      { field: 'task.labels["x"]', description: 'is too long' },
    ]);
    expect(refusal).toBeInstanceOf(Error);
    expect(refusal).toMatchObject({ name: 'Refusal', reason: 'INVALID_FIELD', metadata: { field: 'task.queue' } });
    expect(refusal.message).toBe('task.queue: is empty; task.labels["x"]: is too long');
    expect(refusal.violations).toHaveLength(2);
  });

  it.each([
    [refusals.taskNotFound('n', 't'), 'TASK_NOT_FOUND', { namespace: 'n', task_id: 't' }],
    [refusals.taskAlreadyExists('n', 't'), 'TASK_ALREADY_EXISTS', { namespace: 'n', task_id: 't' }],
    [refusals.requestIdReused('r'), 'REQUEST_ID_REUSED', { request_id: 'r' }],
    [refusals.leaseLost('t'), 'LEASE_LOST', { task_id: 't' }],
    [refusals.illegalTransition('t', 'A', 'B'), 'ILLEGAL_TRANSITION', { task_id: 't', from: 'A', to: 'B' }],
  ] as const)('%s has the metadata that error_reason.proto promises', (refusal, reason, metadata) => {
    expect([refusal.reason, refusal.metadata]).toEqual([reason, metadata]);
    for (const value of Object.values(metadata)) expect(refusal.message).toContain(value);
  });
});
