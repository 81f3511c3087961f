import { eventId, eventType, type OrreryEvent, paddedSequence, subjectOf } from '@orrery/core';
import { readEventData, writeEventData } from './event-data.ts';
import { decodePercent, encodeHeader } from './percent.ts';

/** A CloudEvent 1.0 in the binary mode of the NATS binding: attributes are headers, data is the body. */
export interface CloudEventMessage {
  /** Names and encoded values, in the order in which they are written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The header by which JetStream recognises what it has already. */
export const MESSAGE_ID = 'Nats-Msg-Id';

/** An event as it goes over NATS. */
export function toCloudEvent(event: OrreryEvent): CloudEventMessage {
  const id = encodeHeader(eventId(event));
  const headers: [string, string][] = [
    [MESSAGE_ID, id],
    ['ce-specversion', '1.0'],
    ['ce-id', id],
    ['ce-source', encodeHeader(sourceOf(event.namespace))],
    ['ce-type', eventType(event)],
    ['ce-subject', encodeHeader(subjectOf(event))],
    ['ce-time', event.at.toISOString()],
    ['ce-sequence', paddedSequence(event.sequence)],
    ['content-type', 'application/json'],
  ];
  if (event.noun === 'task') {
    if (event.correlationId !== '') headers.push(['ce-correlationid', encodeHeader(event.correlationId)]);
    if (event.traceparent !== '') headers.push(['ce-traceparent', encodeHeader(event.traceparent)]);
  }
  return { headers, body: writeEventData(event) };
}

/** Reads an event back. Throws an Error that says what is missing or wrong if it is not one of Orrery's. */
export function fromCloudEvent(header: (name: string) => string, body: string): OrreryEvent {
  const version = header('ce-specversion');
  if (version !== '1.0') throw new Error(`ce-specversion must be "1.0", not "${version}"`);
  const type = /^orrery\.([a-z_]+)\.v1\.([a-z_]+)$/.exec(header('ce-type'));
  if (!type?.[1] || !type[2]) throw new Error(`ce-type "${header('ce-type')}" is not a type of Orrery's`);
  const source = decodePercent(header('ce-source'));
  if (!source.startsWith(SOURCE)) throw new Error(`ce-source "${source}" is not a namespace of Orrery's`);
  const sequence = Number(header('ce-sequence'));
  if (!Number.isSafeInteger(sequence)) throw new Error(`ce-sequence "${header('ce-sequence')}" is not a number`);
  const at = new Date(header('ce-time'));
  if (Number.isNaN(at.getTime())) throw new Error(`ce-time "${header('ce-time')}" is not a time`);
  const head = {
    noun: type[1],
    kind: type[2],
    namespace: source.slice(SOURCE.length),
    subject: decodePercent(header('ce-subject')),
    sequence,
    at,
    correlationId: decodePercent(header('ce-correlationid')),
    traceparent: decodePercent(header('ce-traceparent')),
  };
  return readEventData(head, body);
}

const SOURCE = '/orrery/';

function sourceOf(namespace: string): string {
  return `${SOURCE}${namespace}`;
}
