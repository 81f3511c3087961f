import { eventType, type OrreryEvent, subjectOf } from '@orrery/core';
import { decodePercent, encodeToken } from './percent.ts';

/**
 * Where an event goes on NATS: `orrery.task.v1.<event>.<namespace>.<queue>.<task type…>`,
 * `orrery.worker.v1.<event>.<namespace>.<worker id>`, or the same with `schedule`. A task type keeps its dots, so that `….Reports.>` hears all below; in the other
 * names a dot is `%2E`. An empty part of a task type ("a..b") is a lone `%`.
 */
export function subjectFor(event: OrreryEvent): string {
  const start = `${eventType(event)}.${encodeToken(event.namespace)}`;
  return event.noun === 'task'
    ? `${start}.${encodeToken(event.queue)}.${event.type.split('.').map(encodeToken).join('.')}`
    : `${start}.${encodeToken(subjectOf(event))}`;
}

/** What the tokens behind an event's type name, decoded: namespace and queue, or namespace and worker, and the parts of a type. */
export function namesIn(subject: string): readonly string[] {
  return subject.split('.').slice(4).map(decodePercent);
}

/** Where a consumer's dead letters go: `orrery.dead.v1.<consumer>`. */
export function deadLetterSubject(consumer: string): string {
  return `orrery.dead.v1.${encodeToken(consumer)}`;
}

/** All subjects of events of these types. */
export function subjectsOf(types: readonly string[]): readonly string[] {
  return types.map((type) => `${type}.>`);
}

/** One subject that holds all events of these types, and perhaps others; undefined if only all subjects together do. */
export function subjectAround(types: readonly string[]): string | undefined {
  const [first = '', ...others] = types;
  if (others.length === 0) return `${first}.>`;
  const noun = first.split('.').slice(0, 3).join('.');
  return others.every((type) => type.startsWith(`${noun}.`)) ? `${noun}.>` : undefined;
}
