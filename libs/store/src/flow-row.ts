import type { FlowLimit, RateUse } from '@orrery/core';
import { Duration } from '@orrery/duration';

/** A row of `flow_limit` as every dialect's statements give it. */
export interface FlowLimitRow {
  readonly namespace: string;
  readonly name: string;
  readonly queue: string;
  readonly type: string;
  readonly per_key: boolean | number;
  readonly max_running: number | null;
  readonly rate_count: number | null;
  readonly rate_period_ms: number | null;
  readonly rate_burst: number | null;
}

/** The columns of `flow_limit`. */
export const FLOW_LIMIT_COLUMNS = [
  'namespace',
  'name',
  'queue',
  'type',
  'per_key',
  'max_running',
  'rate_count',
  'rate_period_ms',
  'rate_burst',
] as const satisfies readonly (keyof FlowLimitRow)[];

/** A row of `flow_rate` as every dialect's statements give it. */
export interface FlowRateRow {
  readonly limit_name: string;
  readonly flow_key: string;
  readonly full_at: number;
}

/** The limit that a row tells of. */
export function toFlowLimit(row: FlowLimitRow): FlowLimit {
  const { rate_count: count, rate_period_ms: period, rate_burst: burst } = row;
  const hasRate = count !== null && period !== null && burst !== null;
  return {
    namespace: row.namespace,
    name: row.name,
    queue: row.queue,
    type: row.type,
    perKey: Boolean(row.per_key),
    maxRunning: row.max_running,
    rate: hasRate ? { count, period: Duration.ofMillis(Number(period)), burst } : null,
  };
}

/** The values of `FLOW_LIMIT_COLUMNS`. */
export function flowLimitValues(limit: FlowLimit): (string | number | boolean | null)[] {
  const { namespace, name, queue, type, perKey, maxRunning, rate } = limit;
  return [
    ...[namespace, name, queue, type, perKey, maxRunning],
    ...[rate?.count ?? null, rate?.period.toMillis() ?? null, rate?.burst ?? null],
  ];
}

/** The use of a rate that a row tells of. */
export function toRateUse(row: FlowRateRow): RateUse {
  return { limit: row.limit_name, flowKey: row.flow_key, fullAt: row.full_at };
}
