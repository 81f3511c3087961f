import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Events, those that were written by one statement in one row. Rows are only added, and deleted when they are old. */
export function outboxEntity(dialect: Dialect) {
  const { name, instant, text, serial, transaction } = columns(dialect);
  const properties = {
    id: serial(),
    namespace: name(),
    at: instant(),
    /** See event-codec.ts. */
    events: text(),
  };
  const named = { name: 'Outbox', tableName: 'outbox' };
  if (dialect === 'sqlite') return defineEntity({ ...named, properties });
  return defineEntity({
    ...named,
    properties: { ...properties, xid: transaction() },
    indexes: [{ name: 'outbox_xid', properties: ['xid'] }],
  });
}
