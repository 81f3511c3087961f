import { type EventLog, invalidFields, Refusal } from '@orrery/core';
import { makePageToken, readPlaceToken } from '@orrery/service';

/** A place in the event log: behind so many events of the batch at `position`; null: behind all of them. */
export interface EventPlace {
  readonly position: bigint;
  readonly passed: number | null;
}

/** What cursors are bound to, so that no other token is taken for one. */
const BOUND_TO = 'event cursor';

const EPOCH = new Date(0);

/** The cursor of a place; opaque to callers. */
export function writeEventCursor({ position, passed }: EventPlace): string {
  return makePageToken(passed === null ? `${position}` : `${position}.${passed}`, BOUND_TO);
}

/** Reads a cursor; refuses with INVALID_FIELD what is none, and one behind which events are no longer kept. */
export async function readEventCursor(cursor: string, events: EventLog): Promise<EventPlace> {
  const place = parse(cursor);
  if (!place) throw invalidFields([{ field: 'cursor', description: 'was not made by this server' }]);
  const after = startOf(place);
  if (after < (await events.positionBefore(EPOCH)))
    throw invalidFields([{ field: 'cursor', description: 'is too old: events behind it are no longer kept' }]);
  return place;
}

/** The position to read after in order to go on from a place. */
export function startOf({ position, passed }: EventPlace): bigint {
  return passed === null ? position : position - 1n;
}

function parse(cursor: string): EventPlace | null {
  try {
    return readPlaceToken(cursor, BOUND_TO, parsePlace) ?? null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function parsePlace(place: string): EventPlace | undefined {
  const { position, passed } = /^(?<position>\d{1,18})(\.(?<passed>\d{1,9}))?$/.exec(place)?.groups ?? {};
  if (position === undefined) return undefined;
  return { position: BigInt(position), passed: passed === undefined ? null : Number(passed) };
}
