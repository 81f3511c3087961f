import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** The audit trail. */
export function auditRecordEntity(dialect: Dialect) {
  const { name, instant, text } = columns(dialect);
  return defineEntity({
    name: 'AuditRecord',
    tableName: 'audit_record',
    properties: {
      eventId: name().primary(),
      namespace: name(),
      at: instant(),
      type: name(),
      subject: name(),
      correlationId: name(),
      /** One event as in event-codec.ts. */
      event: text(),
      recordedAt: instant(),
    },
    indexes: [
      { name: 'audit_record_subject', properties: ['namespace', 'subject', 'at', 'eventId'] },
      { name: 'audit_record_correlation', properties: ['namespace', 'correlationId', 'at', 'eventId'] },
      { name: 'audit_record_time', properties: ['namespace', 'at', 'eventId'] },
      { name: 'audit_record_age', properties: ['at', 'eventId'] },
    ],
  });
}
