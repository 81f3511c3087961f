import type { OrreryEvent } from './event.ts';

/** Where the audit trail is kept. */
export interface AuditStore {
  /** Puts events on record; one that is on record already (the same `eventId`) is left as it is. */
  record(events: readonly OrreryEvent[]): Promise<void>;

  /** Records by time, oldest first; ties in the order in which they were recorded. */
  list(query: ListAuditRecords): Promise<readonly AuditRecord[]>;

  /** Forgets what happened before a time, oldest first, at most `limit`; returns how many. */
  purge(before: Date, limit: number): Promise<number>;
}

/** An event, and when it was put on record. */
export interface AuditRecord {
  /** Rises in the order of recording; unique. */
  readonly position: bigint;
  readonly event: OrreryEvent;
  readonly recordedAt: Date;
}

/** Which records; all fields that are set must match. */
export interface ListAuditRecords {
  readonly namespace: string;
  readonly subject?: string;
  /** Of tasks whose first event is still on record. */
  readonly correlationId?: string;
  readonly from?: Date;
  readonly before?: Date;
  /** A name that ends in ".*" stands for every type below it. */
  readonly types?: readonly string[];
  /** Only records after this one. */
  readonly after?: { readonly at: Date; readonly position: bigint };
  readonly limit: number;
}
