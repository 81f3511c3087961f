import type { FlowLimit, FlowRate } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type * as flowv1 from './flow-v1.ts';
import { invalidField } from './invalid-field.ts';
import { durationFromProto, durationToProto } from './map-time.ts';

/** The most that a limit may say of anything. */
const MAX_COUNT = 1_000_000;

const DEFAULT_PERIOD = Duration.ofSeconds(1);
const MIN_PERIOD = Duration.ofMillis(1);
const MAX_PERIOD = Duration.of({ days: 30 });

/** A limit as the wire carries it, every default filled in. */
export function flowLimitToProto(limit: FlowLimit): flowv1.FlowLimit {
  const { name, queue, type, perKey, maxRunning, rate } = limit;
  return {
    ...{ name, queue, type, perKey },
    maxRunning: maxRunning ?? undefined,
    rate: flowRateToProto(rate),
  };
}

/** Reads a limit of a namespace; refuses values out of their documented range, and one that limits nothing, with INVALID_FIELD. */
export function flowLimitFromProto(limit: flowv1.FlowLimit, namespace: string, field: string): FlowLimit {
  const { name, queue, type, perKey, maxRunning } = limit;
  const rate = flowRateFromProto(limit.rate, `${field}.rate`);
  if (maxRunning === undefined && !rate) throw invalidField(field, 'must set max_running or rate, or both');
  return {
    ...{ namespace, name, queue, type, perKey, rate },
    maxRunning: maxRunning === undefined ? null : upTo(maxRunning, `${field}.max_running`),
  };
}

/** A rate as the wire carries it. */
export function flowRateToProto(rate: FlowRate | null): flowv1.FlowRate | undefined {
  return rate === null ? undefined : { ...rate, period: durationToProto(rate.period) };
}

/** Reads a rate; null: there is none. Refuses values out of their documented range with INVALID_FIELD. */
export function flowRateFromProto(rate: flowv1.FlowRate | undefined, field: string): FlowRate | null {
  if (!rate) return null;
  const period = durationFromProto(rate.period, `${field}.period`) ?? DEFAULT_PERIOD;
  if (period.compareTo(MIN_PERIOD) < 0 || period.compareTo(MAX_PERIOD) > 0)
    throw invalidField(`${field}.period`, 'must be from 1ms to 30 days');
  if (rate.count === 0) throw invalidField(`${field}.count`, `must be from 1 to ${MAX_COUNT}`);
  const count = upTo(rate.count, `${field}.count`);
  return { count, period, burst: rate.burst === 0 ? count : upTo(rate.burst, `${field}.burst`) };
}

function upTo(count: number, field: string): number {
  if (count <= MAX_COUNT) return count;
  throw invalidField(field, `must be at most ${MAX_COUNT}`);
}
