import type { AuditRecord, ListAuditRecords } from '@orrery/core';
import { decodeEvent, type EncodedEvent } from './event-codec.ts';

/** What the dialects' statements give of a row of `audit_record`: instants in ms since 1970. */
export interface AuditRow {
  readonly id: bigint | number;
  readonly namespace: string;
  readonly at: number;
  /** One event as in event-codec.ts. */
  readonly event: string;
  readonly recorded_at: number;
}

/** The record that a row tells of. */
export function toAuditRecord({ id, namespace, at, event, recorded_at }: AuditRow): AuditRecord {
  const encoded = JSON.parse(event) as EncodedEvent;
  return {
    position: BigInt(id),
    event: decodeEvent(namespace, new Date(at), encoded),
    recordedAt: new Date(recorded_at),
  };
}

/** The place in the order by time and recording after which the records of a query come. */
export function lowerBound({ from, after }: ListAuditRecords): { readonly at: Date; readonly position: bigint } {
  const start = { at: from ?? new Date(0), position: 0n };
  return after && after.at >= start.at ? after : start;
}
