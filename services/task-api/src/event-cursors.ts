import { durationToProto, type eventv1 } from '@orrery/contracts';
import { type EventCursor, type EventLog, Refusal } from '@orrery/core';
import { Checks, makePageToken, readPageToken } from '@orrery/service';
import { writeEventCursor } from './event-cursor.ts';

const DEFAULT_PAGE = 50;
const MAX_PAGE = 1000;

/** What page tokens are bound to. */
const BOUND_TO = 'event cursors';

/** A page of those who read the event log. There are few, so that all are read for it. */
export async function listEventCursors(
  events: EventLog,
  { pageSize, pageToken }: eventv1.ListEventCursorsRequest,
): Promise<eventv1.ListEventCursorsResponse> {
  const checks = new Checks();
  checks.require(pageSize >= 0, 'page_size', 'must not be negative');
  checks.done();
  const after = readPageToken(pageToken, BOUND_TO);
  const rest = (await events.listCursors()).filter(({ name }) => after === undefined || name > after);
  const page = rest.slice(0, Math.min(pageSize || DEFAULT_PAGE, MAX_PAGE));
  const last = page.at(-1);
  return {
    cursors: await Promise.all(page.map((cursor) => cursorToProto(events, cursor))),
    nextPageToken: last && rest.length > page.length ? makePageToken(last.name, BOUND_TO) : '',
  };
}

/** Drops a cursor; refuses for one that is not there, or that somebody has. */
export async function deleteEventCursor(
  events: EventLog,
  request: eventv1.DeleteEventCursorRequest,
): Promise<eventv1.DeleteEventCursorResponse> {
  const checks = new Checks();
  const name = checks.name('name', request.name);
  checks.done();
  const outcome = await events.dropCursor(name, { force: request.force });
  if (outcome === 'unknown') throw new Refusal('CURSOR_NOT_FOUND', `there is no cursor "${name}"`, { cursor: name });
  if (outcome === 'owned') {
    const owner = (await events.listCursors()).find((cursor) => cursor.name === name)?.owner ?? '';
    const message = `a process reads behind the cursor "${name}"; stop it, or force`;
    throw new Refusal('CURSOR_IN_USE', message, { cursor: name, owner });
  }
  return {};
}

async function cursorToProto(events: EventLog, cursor: EventCursor): Promise<eventv1.EventCursor> {
  const { name, position, owner, ownedUntil } = cursor;
  const { oldestAge } = await events.lag(position);
  return {
    name,
    cursor: writeEventCursor({ position, passed: null }),
    owner: owner ?? '',
    leaseExpireTime: ownedUntil ?? undefined,
    lag: oldestAge ? durationToProto(oldestAge) : undefined,
  };
}
