import { Duration } from '@orrery/duration';
import type { TaskErrorData } from '@orrery/task-error';

/** Which errors are retried. */
export type RetryPredicate =
  | { readonly on: 'RETRYABLE_ERROR' }
  | { readonly on: 'ANY_ERROR' }
  | { readonly on: 'NEVER' }
  | { readonly on: 'ERROR_TYPE'; readonly types: readonly string[] };

/** How failed attempts are retried. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  /** The delay after the first attempt. */
  readonly initialDelay: Duration;
  readonly maxDelay: Duration;
  /** What each delay is multiplied by to give the next; 1 is a fixed delay. */
  readonly multiplier: number;
  /** The share of the delay by which chance may lengthen or shorten it, 0 to 1. */
  readonly jitter: number;
  readonly predicate: RetryPredicate;
}

const onRetryable: RetryPredicate = { on: 'RETRYABLE_ERROR' };

/** The default: 1 s doubling up to 1 h, 5 attempts, ±25 %. */
export const EXPONENTIAL: RetryPolicy = Object.freeze({
  maxAttempts: 5,
  initialDelay: Duration.ofSeconds(1),
  maxDelay: Duration.ofSeconds(3600),
  multiplier: 2,
  jitter: 0.25,
  predicate: onRetryable,
});

/** 5 s between attempts, 3 attempts. */
export const FIXED: RetryPolicy = Object.freeze({
  maxAttempts: 3,
  initialDelay: Duration.ofSeconds(5),
  maxDelay: Duration.ofSeconds(5),
  multiplier: 1,
  jitter: 0,
  predicate: onRetryable,
});

/** One attempt, whatever comes of it. */
export const NO_RETRY: RetryPolicy = Object.freeze({ ...FIXED, maxAttempts: 1, predicate: { on: 'NEVER' } as const });

/** What is to be done after a failed attempt. */
export type RetryDecision = { readonly retry: true; readonly delay: Duration } | { readonly retry: false };

/**
 * Decides whether a failed attempt is followed by another, and after what delay. Each redrive starts the count of retries anew: it
 * adds the policy's attempts to `maxAttempts`, and what is beyond those was used up before.
 * @param random a number from 0 (inclusive) to 1 (exclusive) that decides the jitter
 */
export function decideRetry(
  policy: RetryPolicy,
  maxAttempts: number,
  attempt: number,
  error: TaskErrorData,
  random: number,
): RetryDecision {
  const sinceRedrive = attempt - Math.max(0, maxAttempts - policy.maxAttempts);
  if (attempt >= maxAttempts || !matches(policy.predicate, error) || spent(error, sinceRedrive))
    return { retry: false };
  return { retry: true, delay: error.retryAfter ?? backoff(policy, sinceRedrive, random) };
}

/** The longest delay that a Duration can hold. */
const MAX_DELAY_MS = 315_576_000_000_000;

/** The delay after attempt n (1 for the first): initial × multiplier^(n-1), capped, then jittered. */
export function backoff(policy: RetryPolicy, attempt: number, random: number): Duration {
  // Nothing stays nothing, even where the power has grown to infinity.
  if (policy.initialDelay.isZero) return Duration.ZERO;
  const grown = policy.initialDelay.toMillis() * policy.multiplier ** (attempt - 1);
  const capped = Math.min(grown, policy.maxDelay.toMillis());
  const jittered = capped * (1 + policy.jitter * (2 * random - 1));
  return Duration.ofMillis(Math.min(Math.round(jittered), MAX_DELAY_MS));
}

function matches(predicate: RetryPredicate, error: TaskErrorData): boolean {
  switch (predicate.on) {
    case 'RETRYABLE_ERROR':
      return error.isRetryable;
    case 'ANY_ERROR':
      return true;
    case 'NEVER':
      return false;
    case 'ERROR_TYPE':
      return predicate.types.includes(error.errorType);
  }
}

/** The reporter's own limit, if it gave one: max_retries counts retries, so attempt n has had n-1 of them. */
function spent(error: TaskErrorData, attempt: number): boolean {
  return error.maxRetries != null && attempt - 1 >= error.maxRetries;
}

/**
 * Decides what follows when a worker stopped extending its lease: another attempt at once while any is left. The policy's predicate
 * has no say, since it judges what a handler reports and here nothing was reported.
 */
export function decideLostLease(maxAttempts: number, attempt: number): RetryDecision {
  return attempt < maxAttempts ? { retry: true, delay: Duration.ZERO } : { retry: false };
}
