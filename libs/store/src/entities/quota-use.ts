import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** How far the quotas of a namespace are used; see creation-quota.ts in core. */
export function quotaUseEntity(dialect: Dialect) {
  const { name, instant, integer, real } = columns(dialect);
  return defineEntity({
    name: 'QuotaUse',
    tableName: 'quota_use',
    properties: {
      namespace: name().primary(),
      liveAtMost: integer(),
      countedAt: instant(),
      /** In ms since 1970. */
      rateFullAt: real(),
    },
  });
}
