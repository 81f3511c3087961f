import type { AuditRecord } from '@orrery/core';
import type * as assessmentv1 from './assessment-v1.ts';
import { eventToProto } from './map-event.ts';

/** An entry of the audit trail as the wire carries it. */
export function auditRecordToProto({
  event,
  recordedAt,
}: Pick<AuditRecord, 'event' | 'recordedAt'>): assessmentv1.AuditRecord {
  return { event: eventToProto(event), recordTime: recordedAt };
}
