import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Dedup keys, and the tasks that hold them. Nothing is here of tasks without one. */
export function taskDedupEntity(dialect: Dialect) {
  const { name, instant, text } = columns(dialect);
  return defineEntity({
    name: 'TaskDedup',
    tableName: 'task_dedup',
    properties: {
      namespace: name().primary(),
      key: name().primary(),
      taskId: name(),
      /** WHILE_ACTIVE, FOREVER or UNTIL. */
      holdWindow: text(),
      /** With UNTIL: from when on the key is free. */
      expiresAt: instant().nullable(),
      heldAt: instant(),
    },
    indexes: [
      { name: 'task_dedup_until', properties: ['expiresAt'], where: 'expires_at is not null' },
      { name: 'task_dedup_active', properties: ['heldAt'], where: `hold_window = 'WHILE_ACTIVE'` },
    ],
  });
}
