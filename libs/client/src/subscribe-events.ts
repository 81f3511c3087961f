import { durationFromProto, eventFromProto, type eventv1 } from '@orrery/contracts';
import type { OrreryEvent } from '@orrery/core';
import type { Duration } from '@orrery/duration';
import { openStream, OrreryError, reconnectDelay, sleep } from '@orrery/rpc';
import type { Connection } from './connect.ts';

/** Which events, and from where on: those that match everything that is given. */
export interface EventQuery {
  /** E.g. "orrery.task.v1.succeeded"; one that ends in ".*" stands for every type below it. */
  readonly types?: readonly string[];
  /** A task's or a worker's id. */
  readonly subject?: string;
  readonly correlationId?: string;
  /** Of tasks in one of these queues. */
  readonly queues?: readonly string[];
  /** Of tasks of one of these types; one that ends in ".*" stands for every type below it. */
  readonly taskTypes?: readonly string[];
  /** After the event that had this cursor, or with the first one at or after this time. Default: now. */
  readonly from?: string | Date;
  readonly signal?: AbortSignal;
}

/** An event that was told of. */
export interface ReceivedEvent {
  /** The same however often it is told of. */
  readonly id: string;
  /** E.g. "orrery.task.v1.succeeded". */
  readonly type: string;
  /** Resumes after this event. */
  readonly cursor: string;
  readonly event: OrreryEvent;
}

/** Everything that can be done with events. */
export interface Events {
  /**
   * Events as they happen, and those that are kept before. Goes on by itself where it broke off, for as long as it is read; what is
   * of a type that this version does not know is left out. Throws an OrreryError if the query is refused.
   */
  subscribe(query?: EventQuery): AsyncIterable<ReceivedEvent>;

  /** Everybody who reads events one after the other and notes how far they are; what they have not read is kept. */
  cursors(): Promise<readonly EventReader[]>;

  /**
   * Forgets how far a reader was, so that no events are kept for it. Refused with CURSOR_IN_USE while a process reads, unless `force`;
   * that process then begins with the oldest event that is kept.
   */
  dropCursor(name: string, options?: { readonly force?: boolean }): Promise<void>;
}

/** Who reads events, and how far. */
export interface EventReader {
  readonly name: string;
  /** What it has read: everything up to here. */
  readonly cursor: string;
  /** The process that reads now; null if none does. */
  readonly owner: string | null;
  /** How old the oldest event is that it has not read; null if it has read all. */
  readonly lag: Duration | null;
}

/** How long a stream that went well has run, in ms: the next failure counts as the first. */
const HEALTHY_AFTER_MS = 5_000;

/** Events over a connection, until `closing` is aborted. */
export function createEvents(connection: Connection, closing: AbortSignal): Events {
  return {
    subscribe: (query = {}) => subscribe(connection, query, closing),
    cursors: () => listCursors(connection),
    async dropCursor(name, { force = false } = {}) {
      await connection.call((options) => connection.events.deleteEventCursor({ name, force }, options));
    },
  };
}

async function listCursors(connection: Connection): Promise<readonly EventReader[]> {
  const readers: EventReader[] = [];
  let pageToken = '';
  do {
    const request = { pageSize: 0, pageToken };
    const { cursors, nextPageToken } = await connection.call((options) =>
      connection.events.listEventCursors(request, options),
    );
    for (const { name, cursor, owner, lag } of cursors)
      readers.push({ name, cursor, owner: owner || null, lag: durationFromProto(lag, 'lag') ?? null });
    pageToken = nextPageToken;
  } while (pageToken !== '');
  return readers;
}

async function* subscribe(
  connection: Connection,
  query: EventQuery,
  closing: AbortSignal,
): AsyncGenerator<ReceivedEvent> {
  const { timers, random, token, logger } = connection.settings;
  const leaving = new AbortController();
  const signal = AbortSignal.any([leaving.signal, closing, ...(query.signal ? [query.signal] : [])]);
  let request = toRequest(connection.settings.namespace, query);
  try {
    for (let failures = 1; ; failures += 1) {
      const openedAt = timers.monotonicMillis();
      try {
        for await (const { events, cursor } of openStream((options) => connection.events.subscribe(request, options), {
          token,
          signal,
        })) {
          for (const told of events) {
            const event = eventFromProto(told);
            if (event) yield { id: told.id, type: told.type, cursor: told.cursor, event };
          }
          request = { ...request, start: { $case: 'cursor', value: cursor } };
        }
      } catch (error) {
        if (signal.aborted || !(error instanceof OrreryError) || error.code !== 'UNAVAILABLE') throw error;
        logger.debug({ err: error }, 'the stream of events broke off, opening it anew');
      }
      if (timers.monotonicMillis() - openedAt >= HEALTHY_AFTER_MS) failures = 1;
      await sleep(timers, reconnectDelay(failures, random()), signal);
    }
  } finally {
    leaving.abort();
  }
}

function toRequest(namespace: string, query: EventQuery): eventv1.SubscribeRequest {
  const { types = [], subject = '', correlationId = '', queues = [], taskTypes = [], from } = query;
  const filter = { types: [...types], subject, correlationId, queues: [...queues], taskTypes: [...taskTypes] };
  return { namespace, filter, start: toStart(from) };
}

function toStart(from: string | Date | undefined): eventv1.SubscribeRequest['start'] {
  if (from === undefined) return undefined;
  return typeof from === 'string' ? { $case: 'cursor', value: from } : { $case: 'time', value: from };
}
