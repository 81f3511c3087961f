import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Events that wait to be published, those of one transaction in one row. */
export function outboxEntity(dialect: Dialect) {
  const { name, instant, text, serial } = columns(dialect);
  return defineEntity({
    name: 'Outbox',
    tableName: 'outbox',
    properties: {
      id: serial(),
      namespace: name(),
      at: instant(),
      /** See task-event-codec.ts. */
      events: text(),
    },
  });
}
