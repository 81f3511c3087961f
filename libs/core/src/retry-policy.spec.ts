import { Duration } from '@orrery/duration';
import { TaskError, type TaskErrorInit } from '@orrery/task-error';
import fc from 'fast-check';
import {
  backoff,
  decideLostLease,
  decideRetry,
  EXPONENTIAL,
  FIXED,
  NO_RETRY,
  type RetryPolicy,
} from './retry-policy.ts';

const MIDDLE = 0.5;
const error = (init: Partial<TaskErrorInit> = {}) =>
  TaskError.create({ message: 'broken', errorType: 'network', ...init }).toData();

/** The delays in seconds after each attempt of a new task, up to the last. */
function delays(policy: RetryPolicy, random = MIDDLE): number[] {
  const seconds: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const decision = decideRetry(policy, policy.maxAttempts, attempt, error(), random);
    if (!decision.retry) return seconds;
    seconds.push(decision.delay.toSeconds());
  }
}

describe('A5: the retry policies', () => {
  it('exponential: 5 attempts, 1 s doubling', () => {
    expect(delays(EXPONENTIAL)).toEqual([1, 2, 4, 8]);
  });

  it('exponential: at most 1 h', () => {
    const many = delays({ ...EXPONENTIAL, maxAttempts: 15 });
    expect(many.slice(10)).toEqual([1024, 2048, 3600, 3600]);
  });

  it('exponential: chance shortens or lengthens each delay by a quarter at most', () => {
    expect(delays(EXPONENTIAL, 0)).toEqual([0.75, 1.5, 3, 6]);
    expect(delays(EXPONENTIAL, 1 - Number.EPSILON)).toEqual([1.25, 2.5, 5, 10]);
  });

  it('fixed: 3 attempts, 5 s apart whatever chance says', () => {
    expect(delays(FIXED, 0)).toEqual([5, 5]);
    expect(delays(FIXED, 0.999)).toEqual([5, 5]);
  });

  it('none: one attempt', () => {
    expect(delays(NO_RETRY)).toEqual([]);
  });
});

describe('a failed attempt', () => {
  const decide = (policy: RetryPolicy, init: Partial<TaskErrorInit>, attempt = 1, maxAttempts = policy.maxAttempts) =>
    decideRetry(policy, maxAttempts, attempt, error(init), MIDDLE);

  it.each([
    ['RETRYABLE_ERROR', true, true],
    ['RETRYABLE_ERROR', false, false],
    ['ANY_ERROR', true, true],
    ['ANY_ERROR', false, true],
    ['NEVER', true, false],
    ['NEVER', false, false],
  ] as const)('with predicate %s and isRetryable %s: %s', (on, isRetryable, expected) => {
    expect(decide({ ...EXPONENTIAL, predicate: { on } }, { isRetryable }).retry).toBe(expected);
  });

  it('is retried for the types that the policy names, whatever else the error says', () => {
    const policy: RetryPolicy = { ...EXPONENTIAL, predicate: { on: 'ERROR_TYPE', types: ['timeout', 'my.own'] } };
    expect(decide(policy, { errorType: 'timeout', isRetryable: false }).retry).toBe(true);
    expect(decide(policy, { errorType: 'my.own' }).retry).toBe(true);
    expect(decide(policy, { errorType: 'network', isRetryable: true }).retry).toBe(false);
  });

  it('is retried when the error says, if it says', () => {
    expect(decide(EXPONENTIAL, { retryAfter: '90s' })).toEqual({ retry: true, delay: Duration.ofSeconds(90) });
    expect(decide(EXPONENTIAL, { retryAfter: 0 })).toEqual({ retry: true, delay: Duration.ZERO });
    expect(decide(NO_RETRY, { retryAfter: '90s' })).toEqual({ retry: false });
    expect(decide(EXPONENTIAL, { retryAfter: '90s' }, 5)).toEqual({ retry: false });
  });

  it("is retried as often as the error's own max_retries: N retries after the first try", () => {
    const tries = (maxRetries: number) =>
      [1, 2, 3, 4, 5].filter((attempt) => decide(EXPONENTIAL, { maxRetries }, attempt).retry).length;
    expect([0, 1, 3, 9].map(tries)).toEqual([0, 1, 3, 4]);
  });

  it('counts and waits as for a new task after each redrive', () => {
    for (const before of [1, 2, 5]) {
      const maxAttempts = before + EXPONENTIAL.maxAttempts;
      const round = [1, 2, 3, 4, 5].map((attempt) => decide(EXPONENTIAL, {}, before + attempt, maxAttempts));
      expect(round.map((decision) => decision.retry && decision.delay.toSeconds())).toEqual([1, 2, 4, 8, false]);
      expect(decide(EXPONENTIAL, { maxRetries: 1 }, before + 1, maxAttempts).retry).toBe(true);
      expect(decide(EXPONENTIAL, { maxRetries: 1 }, before + 2, maxAttempts).retry).toBe(false);
    }
  });

  it('whose lease was lost is followed by another at once, while any is left', () => {
    expect(decideLostLease(3, 2)).toEqual({ retry: true, delay: Duration.ZERO });
    expect(decideLostLease(3, 3)).toEqual({ retry: false });
  });
});

describe('backoff', () => {
  const millis = (max: number) => fc.double({ min: 0, max, noNaN: true });
  const policies = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 10_000 }),
    initialDelay: millis(3.15576e14).map((ms) => Duration.ofMillis(Math.round(ms))),
    maxDelay: millis(3.15576e14).map((ms) => Duration.ofMillis(Math.round(ms))),
    multiplier: fc.double({ min: 1, max: 1000, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    predicate: fc.constant({ on: 'ANY_ERROR' } as const),
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is a whole number of milliseconds within the jitter of what it would be without, however far it has grown', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 10_000 }), chance, (policy, attempt, random) => {
        const plain = backoff({ ...policy, jitter: 0 }, attempt, random).toMillis();
        const delay = backoff(policy, attempt, random).toMillis();
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(plain * (1 - policy.jitter)) - 1);
        expect(delay).toBeLessThanOrEqual(Math.ceil(plain * (1 + policy.jitter)) + 1);
        expect(plain).toBeLessThanOrEqual(policy.maxDelay.toMillis());
      }),
    );
  });

  it('never shrinks from one attempt to the next, but for the jitter', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 2000 }), (policy, attempt) => {
        const unjittered = { ...policy, jitter: 0 };
        const [first, second] = [attempt, attempt + 1].map((n) => backoff(unjittered, n, MIDDLE).toMillis());
        expect(second).toBeGreaterThanOrEqual(first ?? 0);
      }),
    );
  });

  it('spreads evenly over the whole width of the jitter', () => {
    const at = (random: number) => backoff(EXPONENTIAL, 1, random).toMillis();
    expect([0, 0.25, 0.5, 0.75].map(at)).toEqual([750, 875, 1000, 1125]);
  });
});
