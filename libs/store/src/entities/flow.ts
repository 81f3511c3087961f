import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Limits on the flow of tasks. */
export function flowLimitEntity(dialect: Dialect) {
  const { name, flag, integer, count } = columns(dialect);
  return defineEntity({
    name: 'FlowLimit',
    tableName: 'flow_limit',
    properties: {
      namespace: name().primary(),
      name: name().primary(),
      queue: name(),
      type: name(),
      perKey: flag(),
      maxRunning: integer().nullable(),
      rateCount: integer().nullable(),
      ratePeriodMs: count().nullable(),
      rateBurst: integer().nullable(),
    },
  });
}

/** How far the rate of a limit, or of one key of it, is used. */
export function flowRateEntity(dialect: Dialect) {
  const { name, real } = columns(dialect);
  return defineEntity({
    name: 'FlowRate',
    tableName: 'flow_rate',
    properties: {
      namespace: name().primary(),
      limitName: name().primary(),
      /** Empty: of the whole limit. */
      flowKey: name().primary(),
      /** When all of the burst is there again, in ms since 1970. */
      fullAt: real(),
    },
    indexes: [{ name: 'flow_rate_age', properties: ['fullAt'] }],
  });
}
