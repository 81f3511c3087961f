import { TaskError } from '@orrery/task-error';
import { decideOutcome, type HandlerEnd } from './decide-outcome.ts';
import type { AbortWhy } from './task-aborted-error.ts';

const lease = { taskId: 't', token: 'x' };
const facts = { attempt: 2, maxPayloadBytes: 10, now: new Date('2030-01-01T00:00:00Z') };
const ends: Record<HandlerEnd['kind'], HandlerEnd> = {
  returned: { kind: 'returned', value: 1 },
  threw: { kind: 'threw', error: new TypeError('x is not a function') },
  overdue: { kind: 'overdue' },
};

/** What is said, in a word: the kind, and the type of the error. */
function said(end: HandlerEnd['kind'], aborted: AbortWhy | null): string {
  const outcome = decideOutcome(lease, ends[end], aborted, facts);
  if (!outcome) return 'nothing';
  return outcome.kind === 'failed' ? `failed: ${outcome.error.errorType}` : outcome.kind;
}

describe('decideOutcome', () => {
  it.each<[AbortWhy | null, string, string, string]>([
    [null, 'completed', 'failed: validation', 'released'],
    ['cancelled', 'failed: cancelled', 'failed: cancelled', 'failed: cancelled'],
    ['timeout', 'failed: timeout', 'failed: timeout', 'failed: timeout'],
    ['lease_lost', 'nothing', 'nothing', 'nothing'],
    ['shutdown', 'completed', 'released', 'released'],
  ])('aborted because of %s: returned → %s, threw → %s, overdue → %s', (aborted, returned, threw, overdue) => {
    expect([said('returned', aborted), said('threw', aborted), said('overdue', aborted)]).toEqual([
      returned,
      threw,
      overdue,
    ]);
  });

  it('fails for good when the result is too large', () => {
    const outcome = decideOutcome(lease, { kind: 'returned', value: 'x'.repeat(9) }, null, facts);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { isRetryable: false, message: expect.stringContaining('11 bytes') },
    });
  });

  it('keeps a TaskError as it is', () => {
    const error = new TaskError({ message: 'later', errorType: 'business', retryAfter: 5, retryCount: 7 });
    const outcome = decideOutcome(lease, { kind: 'threw', error }, null, facts);
    expect(outcome).toMatchObject({ error: { errorType: 'business', retryCount: 7, retryAfter: error.retryAfter } });
  });

  it('counts the retries of anything else', () => {
    expect(decideOutcome(lease, ends.threw, null, facts)).toMatchObject({ error: { retryCount: 1 } });
  });
});
