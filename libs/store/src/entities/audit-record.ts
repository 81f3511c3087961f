import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** The audit trail. */
export function auditRecordEntity(dialect: Dialect) {
  const { name, instant, text, integer, serial } = columns(dialect);
  return defineEntity({
    name: 'AuditRecord',
    tableName: 'audit_record',
    properties: {
      /** Rises in the order of recording. */
      id: serial(),
      namespace: name(),
      at: instant(),
      noun: name(),
      subject: name(),
      sequence: integer(),
      type: name(),
      correlationId: name(),
      /** One event as in event-codec.ts. */
      event: text(),
      recordedAt: instant(),
    },
    // Each event pays for its indexes three times a task: the subject's also tells what is on record already, and only the first
    // event of a subject is found by its correlation id, the others through their subject.
    uniques: [{ name: 'audit_record_subject', properties: ['namespace', 'subject', 'noun', 'sequence'] }],
    indexes: [
      { name: 'audit_record_time', properties: ['at', 'id'] },
      { name: 'audit_record_correlation', properties: ['namespace', 'correlationId'], where: 'sequence = 1' },
    ],
  });
}
