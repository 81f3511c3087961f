import {
  eventId,
  RUN_CAUSES,
  SCHEDULE_EVENT_KINDS,
  type ScheduleEvent,
  subjectOf,
  TASK_EVENT_KINDS,
  TASK_STATUSES,
  type TaskEvent,
  WORKER_EVENT_KINDS,
  WORKER_STATES,
  type WorkerEvent,
} from '@orrery/core';
import { TaskError } from '@orrery/task-error';
import fc from 'fast-check';
import { fromCloudEvent, toCloudEvent } from './cloud-event.ts';
import { decodePercent, encodeHeader, encodeToken } from './percent.ts';
import { namesIn, subjectAround, subjectFor } from './subjects.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.oneof(fc.stringMatching(/^[A-Za-z0-9._:/-]{1,20}$/), text.filter(Boolean));
const at = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
const sequence = fc.maxSafeNat();
const error = fc
  .record({ message: text, timestamp: at, retryCount: fc.nat() })
  .map((init) => new TaskError(init).toData());

const anyTaskEvent: fc.Arbitrary<TaskEvent> = fc.record({
  noun: fc.constant('task' as const),
  kind: fc.constantFrom(...TASK_EVENT_KINDS),
  namespace: name,
  taskId: name,
  sequence,
  at,
  queue: name,
  type: name,
  status: fc.constantFrom(...TASK_STATUSES),
  attempt: fc.nat(),
  workerId: text,
  correlationId: text,
  traceparent: text,
  error: fc.option(error),
  progress: fc.record({ percent: fc.option(fc.nat(100)), message: text }),
});
// Progress is told of by its own event, and by no other.
const taskEvents = anyTaskEvent.map((event) => (event.kind === 'progressed' ? event : { ...event, progress: null }));
const workerEvents: fc.Arbitrary<WorkerEvent> = fc.record({
  noun: fc.constant('worker' as const),
  kind: fc.constantFrom(...WORKER_EVENT_KINDS),
  namespace: name,
  workerId: name,
  sequence,
  at,
  state: fc.constantFrom(...WORKER_STATES),
});
const scheduleEvents: fc.Arbitrary<ScheduleEvent> = fc.record({
  noun: fc.constant('schedule' as const),
  kind: fc.constantFrom(...SCHEDULE_EVENT_KINDS),
  namespace: name,
  scheduleId: name,
  sequence,
  at,
  slotAt: fc.option(at),
  taskId: text,
  cause: fc.option(fc.constantFrom(...RUN_CAUSES)),
  count: fc.nat(),
  reason: fc.option(fc.constantFrom('OVERLAP' as const, 'MISSED' as const)),
});
const events = fc.oneof(taskEvents, workerEvents, scheduleEvents);

test('an event comes back as it was', () => {
  fc.assert(
    fc.property(events, (event) => {
      const { headers, body } = toCloudEvent(event);
      const read = (wanted: string) => headers.find(([header]) => header === wanted)?.[1] ?? '';
      expect(fromCloudEvent(read, body)).toEqual(event);
      expect(read('ce-id')).toBe(read('Nats-Msg-Id'));
      expect(decodePercent(read('ce-id'))).toBe(eventId(event));
      for (const [, value] of headers) expect(value).toMatch(/^[\x21\x23\x24\x26-\x7e][\x20-\x7e]*$|^%/);
    }),
  );
});

test('a header value is encoded as the CloudEvents bindings ask', () => {
  expect(encodeHeader('Euro € "50 %"')).toBe('Euro%20%E2%82%AC%20%2250%20%25%22');
  expect(decodePercent('%E2%82%AC 5%')).toBe('€ 5%');
  expect(decodePercent('%FF')).toBe('%FF');
});

test.each([
  ['no version', {}, '{}', 'ce-specversion'],
  ['a strange type', { 'ce-specversion': '1.0', 'ce-type': 'com.example.thing' }, '{}', 'ce-type'],
  [
    'another source',
    { 'ce-specversion': '1.0', 'ce-type': 'orrery.task.v1.created', 'ce-source': '/x' },
    '{}',
    'ce-source',
  ],
])('what is no event of Orrery is refused: %s', (_name, headers: Record<string, string>, body, problem) => {
  expect(() => fromCloudEvent((header) => headers[header] ?? '', body)).toThrow(problem);
});

test('a subject names what its event is about, in tokens that NATS takes', () => {
  fc.assert(
    fc.property(events, (event) => {
      const subject = subjectFor(event);
      expect(subject).toMatch(/^[^\s*>.]+(\.[^\s*>.]+)*$/);
      const [namespace, second, ...parts] = namesIn(subject);
      expect(namespace).toBe(event.namespace);
      if (event.noun !== 'task') expect(second).toBe(subjectOf(event));
      else expect([second, parts.join('.')]).toEqual([event.queue, event.type]);
    }),
  );
});

test('different names have different tokens', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(encodeToken(a) === encodeToken(b)).toBe(a === b);
      expect(decodePercent(encodeToken(a))).toBe(a);
    }),
  );
});

test.each([
  [['orrery.task.v1.failed'], 'orrery.task.v1.failed.>'],
  [['orrery.task.v1.failed', 'orrery.task.v1.succeeded'], 'orrery.task.v1.>'],
  [['orrery.task.v1.failed', 'orrery.worker.v1.lost'], undefined],
])('one subject around %j', (types, expected) => {
  expect(subjectAround(types)).toBe(expected);
});
