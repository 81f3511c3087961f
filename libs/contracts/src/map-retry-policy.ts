import { EXPONENTIAL, type RetryPolicy, type RetryPredicate } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { RetryPredicate as Predicate } from './generated/orrery/task/v1/task.ts';
import { invalidField } from './invalid-field.ts';
import { durationFromProto, durationToProto } from './map-time.ts';
import type * as rpc from './rpc.ts';
import type * as taskv1 from './task-v1.ts';

const MAX_ATTEMPTS = 10_000;
const MAX_MULTIPLIER = 100;
const MAX_TYPES = 100;
const MAX_TYPE_CHARACTERS = 255;

const PREDICATES: Readonly<Record<RetryPredicate['on'], Predicate>> = {
  RETRYABLE_ERROR: Predicate.ON_RETRYABLE_ERROR,
  ANY_ERROR: Predicate.ON_ANY_ERROR,
  NEVER: Predicate.NEVER,
  ERROR_TYPE: Predicate.ON_ERROR_TYPE,
};

const ON_ANY_ERROR: RetryPredicate = { on: 'ANY_ERROR' };
const NEVER: RetryPredicate = { on: 'NEVER' };

/** A retry policy as the wire carries it, every field set. */
export function retryPolicyToProto(policy: RetryPolicy): taskv1.RetryPolicy {
  const { predicate } = policy;
  return {
    maxAttempts: policy.maxAttempts,
    initialDelay: durationToProto(policy.initialDelay),
    maxDelay: durationToProto(policy.maxDelay),
    multiplier: policy.multiplier,
    jitter: policy.jitter,
    predicate: PREDICATES[predicate.on],
    errorTypes: predicate.on === 'ERROR_TYPE' ? [...predicate.types] : [],
  };
}

/** Reads a retry policy; what is not set is as in EXPONENTIAL. Refuses values out of their documented range with INVALID_FIELD. */
export function retryPolicyFromProto(policy: taskv1.RetryPolicy | undefined, field: string): RetryPolicy {
  if (policy === undefined) return EXPONENTIAL;
  return {
    maxAttempts: policy.maxAttempts === 0 ? EXPONENTIAL.maxAttempts : attempts(policy.maxAttempts, field),
    initialDelay: delay(policy.initialDelay, `${field}.initial_delay`) ?? EXPONENTIAL.initialDelay,
    maxDelay: delay(policy.maxDelay, `${field}.max_delay`) ?? EXPONENTIAL.maxDelay,
    multiplier: policy.multiplier === 0 ? EXPONENTIAL.multiplier : multiplier(policy.multiplier, field),
    jitter: policy.jitter === undefined ? EXPONENTIAL.jitter : jitter(policy.jitter, field),
    predicate: predicate(policy, field),
  };
}

function attempts(count: number, field: string): number {
  if (count <= MAX_ATTEMPTS) return count;
  throw invalidField(`${field}.max_attempts`, `must be at most ${MAX_ATTEMPTS}`);
}

function delay(length: rpc.Duration | undefined, field: string): Duration | null {
  const read = durationFromProto(length, field);
  if (read?.isNegative) throw invalidField(field, 'must not be negative');
  return read;
}

function multiplier(value: number, field: string): number {
  if (value >= 1 && value <= MAX_MULTIPLIER) return value;
  throw invalidField(`${field}.multiplier`, `must be from 1 to ${MAX_MULTIPLIER}`);
}

function jitter(value: number, field: string): number {
  if (value >= 0 && value <= 1) return value;
  throw invalidField(`${field}.jitter`, 'must be from 0 to 1');
}

function predicate(policy: taskv1.RetryPolicy, field: string): RetryPredicate {
  switch (policy.predicate) {
    case Predicate.UNSPECIFIED:
    case Predicate.ON_RETRYABLE_ERROR:
      return EXPONENTIAL.predicate;
    case Predicate.ON_ANY_ERROR:
      return ON_ANY_ERROR;
    case Predicate.NEVER:
      return NEVER;
    case Predicate.ON_ERROR_TYPE:
      return { on: 'ERROR_TYPE', types: errorTypes(policy.errorTypes, `${field}.error_types`) };
    default:
      throw invalidField(`${field}.predicate`, `${policy.predicate} is not a retry predicate`);
  }
}

function errorTypes(types: readonly string[], field: string): readonly string[] {
  if (types.length === 0) throw invalidField(field, 'must name at least one type');
  if (types.length > MAX_TYPES) throw invalidField(field, `has more than ${MAX_TYPES} entries`);
  types.forEach((type, i) => {
    if (type === '') throw invalidField(`${field}[${i}]`, 'is empty');
    if (type.length > MAX_TYPE_CHARACTERS)
      throw invalidField(`${field}[${i}]`, `is longer than ${MAX_TYPE_CHARACTERS} characters`);
    if (type.includes('\0')) throw invalidField(`${field}[${i}]`, 'must not hold a NUL character');
  });
  return types;
}
