import { defineEntity } from '@mikro-orm/core';
import type { Dialect } from '../dialect.ts';
import { columns } from './columns.ts';

/** Where readers of the event log are. */
export function eventCursorEntity(dialect: Dialect) {
  const { name, count, text, instant } = columns(dialect);
  return defineEntity({
    name: 'EventCursor',
    tableName: 'event_cursor',
    properties: { name: name().primary(), position: count(), owner: text(), ownedUntil: instant() },
  });
}

/** PostgreSQL: the place of each row of the outbox in the event log. */
export function eventPositionEntity() {
  const { count, instant } = columns('postgresql');
  return defineEntity({
    name: 'EventPosition',
    tableName: 'event_position',
    properties: { position: count().primary().autoincrement(false), outboxId: count().unique(), at: instant() },
  });
}

/** PostgreSQL: one row, how far the outbox has been put into order; see postgres/sequence-events.ts. */
export function eventSequencerEntity() {
  const { integer, count, snapshot } = columns('postgresql');
  return defineEntity({
    name: 'EventSequencer',
    tableName: 'event_sequencer',
    properties: {
      id: integer().primary().autoincrement(false),
      lastPosition: count(),
      seen: snapshot(),
      upto: snapshot().nullable(),
      afterId: count().nullable(),
    },
  });
}
