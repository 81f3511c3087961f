import fc from 'fast-check';
import { eventId, type OrreryEvent } from './event.ts';

const name = fc.stringMatching(/^[a/]{1,4}(task)?[a/]{0,3}$/);
const event = fc
  .record({ namespace: name, taskId: name, sequence: fc.integer({ min: 1, max: 3 }) })
  .map((fields) => ({ noun: 'task', ...fields }) as OrreryEvent & { noun: 'task' });

test('different events have different ids, whatever they are called', () => {
  const slashes = { noun: 'task', namespace: 'a/task', taskId: 'b', sequence: 1 } as OrreryEvent;
  expect(eventId(slashes)).not.toBe(eventId({ ...slashes, namespace: 'a', taskId: 'task/b' } as OrreryEvent));
  fc.assert(
    fc.property(event, event, (a, b) => {
      const same = a.namespace === b.namespace && a.taskId === b.taskId && a.sequence === b.sequence;
      expect(eventId(a) === eventId(b)).toBe(same);
    }),
  );
});
