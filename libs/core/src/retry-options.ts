import { Duration, type DurationInput } from '@orrery/duration';
import { EXPONENTIAL, FIXED, NO_RETRY, type RetryPolicy, type RetryPredicate } from './retry-policy.ts';

/** Parts of a retry policy; what is left out is as in the exponential default. */
export interface RetryOptions {
  /** Attempts in all, the first included. */
  readonly maxAttempts?: number;
  readonly initialDelay?: DurationInput;
  readonly maxDelay?: DurationInput;
  readonly multiplier?: number;
  /** The share of the delay by which chance may change it, 0 to 1. */
  readonly jitter?: number;
  readonly predicate?: RetryPredicate;
}

/** A retry policy as callers write it: by name, or in parts. */
export type RetryInput = 'exponential' | 'fixed' | 'none' | RetryOptions;

const NAMED: Readonly<Record<'exponential' | 'fixed' | 'none', RetryPolicy>> = {
  exponential: EXPONENTIAL,
  fixed: FIXED,
  none: NO_RETRY,
};

/** The whole policy that is meant; throws an InvalidDurationError. */
export function toRetryPolicy(retry: RetryInput): RetryPolicy {
  if (typeof retry === 'string') return NAMED[retry];
  const { initialDelay, maxDelay, ...rest } = retry;
  return {
    ...EXPONENTIAL,
    ...rest,
    ...(initialDelay !== undefined && { initialDelay: Duration.from(initialDelay) }),
    ...(maxDelay !== undefined && { maxDelay: Duration.from(maxDelay) }),
  };
}
