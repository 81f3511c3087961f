import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Request ids that were used to create tasks, and what came of them. */
export function createRequestEntity(dialect: Dialect) {
  const { name, instant, bytes, text } = columns(dialect);
  return defineEntity({
    name: 'CreateRequest',
    tableName: 'create_request',
    properties: {
      namespace: name().primary(),
      requestId: name().primary(),
      bodyHash: bytes(),
      /** A JSON array. */
      taskIds: text(),
      createdAt: instant(),
    },
    indexes: [{ name: 'create_request_age', properties: ['createdAt'] }],
  });
}
