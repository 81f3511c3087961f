import type { eventv1 } from '@orrery/contracts';
import { EVENT_TYPES, eventType, type OrreryEvent, subjectOf } from '@orrery/core';
import type { Checks } from '@orrery/service';

const MAX_NAMES = 100;

/** Whether a subscriber wants an event. */
export type EventFilter = (event: OrreryEvent) => boolean;

/** Reads which events a subscriber wants; what is wrong is noted in `checks`. */
export function parseEventFilter(
  namespace: string,
  filter: eventv1.EventFilter | undefined,
  checks: Checks,
): EventFilter {
  const { types = [], subject = '', correlationId = '', queues = [], taskTypes = [] } = filter ?? {};
  for (const [name, values] of Object.entries({ types, queues, task_types: taskTypes }))
    checks.require(values.length <= MAX_NAMES, `filter.${name}`, `has more than ${MAX_NAMES} entries`);
  types.forEach((type, i) => {
    checks.require(
      EVENT_TYPES.some(matching([type])),
      `filter.types[${i}]`,
      'is no type of event, and stands for none',
    );
  });
  queues.forEach((queue, i) => checks.name(`filter.queues[${i}]`, queue));
  taskTypes.forEach((type, i) => checks.pattern(`filter.task_types[${i}]`, type));
  checks.text('filter.correlation_id', correlationId);
  if (subject !== '') checks.name('filter.subject', subject, { max: 255 });

  const isType = matching(types);
  const isTaskType = matching(taskTypes);
  return (event) => {
    if (event.namespace !== namespace || !isType(eventType(event))) return false;
    if (subject !== '' && subjectOf(event) !== subject) return false;
    if (event.noun !== 'task') return correlationId === '' && queues.length === 0 && taskTypes.length === 0;
    if (correlationId !== '' && event.correlationId !== correlationId) return false;
    return (queues.length === 0 || queues.includes(event.queue)) && isTaskType(event.type);
  };
}

/** Whether a name is one of these, or below one that ends in ".*"; everything if there are none. */
function matching(patterns: readonly string[]): (name: string) => boolean {
  if (patterns.length === 0) return () => true;
  const exact = new Set(patterns);
  const above = patterns.filter((pattern) => pattern.endsWith('.*')).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || above.some((start) => name.startsWith(start));
}
