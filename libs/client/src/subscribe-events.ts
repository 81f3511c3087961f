import { eventFromProto, type eventv1 } from '@orrery/contracts';
import type { OrreryEvent } from '@orrery/core';
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
}

/** How long a stream that went well has run, in ms: the next failure counts as the first. */
const HEALTHY_AFTER_MS = 5_000;

/** Events over a connection, until `closing` is aborted. */
export function createEvents(connection: Connection, closing: AbortSignal): Events {
  return { subscribe: (query = {}) => subscribe(connection, query, closing) };
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
