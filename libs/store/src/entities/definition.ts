import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Task types and namespaces. */
export function definitionEntity(dialect: Dialect) {
  const { name, instant, text, integer, flag } = columns(dialect);
  return defineEntity({
    name: 'Definition',
    tableName: 'definition',
    properties: {
      kind: name().primary(),
      namespace: name().primary(),
      name: name().primary(),
      version: integer().primary().autoincrement(false),
      /** JSON. */
      body: text(),
      active: flag(),
      createdAt: instant(),
      updatedAt: instant(),
    },
    indexes: [{ name: 'definition_change', properties: ['updatedAt'] }],
  });
}
