import type { Duration } from '@orrery/duration';
import type { OrreryEvent } from './event.ts';

/** The name of the cursor behind which events are published: everything before it is on the bus. */
export const RELAY_CURSOR = 'relay';

/**
 * Every event that was written and is still kept, in one order. Changes write their events in their own transactions and in
 * whatever order these commit; `sequence` puts what was committed since into the log's order, once and for all: for each subject
 * that order is the order of its changes, and an event that has a position keeps it. Nothing is ever skipped, however late its
 * transaction commits. Readers go by position.
 */
export interface EventLog {
  /**
   * Gives positions to at most `limit` batches that were committed since, and says how many. Safe to call from several processes at
   * once: one of them does the work, the others return 0 at once.
   */
  sequence(limit: number): Promise<number>;

  /** Batches after a position, oldest first. */
  read(after: bigint, limit: number): Promise<readonly EventBatch[]>;

  /** The position after which every event at or after a time comes; for the epoch, that before the oldest kept. */
  positionBefore(time: Date): Promise<bigint>;

  /** The position of the newest batch; that of the newest there ever was if none is kept. 0 if there never was one. */
  head(): Promise<bigint>;

  /** How much waits: batches after a position (not yet sequenced ones included), and the age of the oldest of them. */
  lag(after: bigint): Promise<{ readonly batches: number; readonly oldestAge: Duration | null }>;

  /** Forgets batches that were written before a time, except those that the slowest cursor has not passed; returns how many. */
  purge(before: Date, limit: number): Promise<number>;

  /**
   * Takes or keeps a named cursor for an owner, for a while, and says where it is; null while another owner has it. A cursor that
   * does not exist begins before the oldest batch that is kept.
   */
  acquireCursor(name: string, owner: string, lease: Duration): Promise<bigint | null>;

  /** Moves a cursor forward. False if the owner does not have it any more; then nothing was changed. */
  moveCursor(name: string, owner: string, position: bigint): Promise<boolean>;

  /** Sets a cursor back or forth, whoever has it; its owner finds out when it next moves or acquires it, and begins there. */
  resetCursor(name: string, position: bigint): Promise<void>;

  /** Every cursor, by name. Each keeps what it has not passed from being purged. */
  listCursors(): Promise<readonly EventCursor[]>;

  /**
   * Drops a cursor, so that it keeps nothing from being purged any more; unless `force`, only one that nobody has. An owner that it is
   * taken from finds out when it next moves or acquires it, and begins before the oldest batch that is kept.
   */
  dropCursor(name: string, options: { readonly force: boolean }): Promise<'dropped' | 'owned' | 'unknown'>;
}

/** Where somebody who reads the event log is. */
export interface EventCursor {
  readonly name: string;
  readonly position: bigint;
  /** Who has it; null if nobody does, or its lease has run out. */
  readonly owner: string | null;
  /** Until when the owner has it, unless it says so again. Null if nobody has it. */
  readonly ownedUntil: Date | null;
}

/** Events that were written in one transaction. */
export interface EventBatch {
  /** Where in the log: rises from batch to batch, not necessarily by one. */
  readonly position: bigint;
  readonly events: readonly OrreryEvent[];
}
