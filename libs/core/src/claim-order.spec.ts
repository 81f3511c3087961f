import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { CLAIM_STRATEGIES, claimOrder, compareIds, matchesTypes } from './claim-order.ts';
import { EXPONENTIAL } from './retry-policy.ts';
import { newTask } from './task-commands.ts';
import type { Task } from './task.ts';

const start = new Date('2026-03-01T12:00:00.000Z');

function task(id: string, priority: number, createdMillis: number): Task {
  const spec = {
    namespace: 'n',
    id,
    queue: 'q',
    type: 't',
    params: { data: new Uint8Array(), contentType: '' },
    priority,
    flowKey: '',
    retryPolicy: EXPONENTIAL,
    runTimeout: null,
    queueTimeout: null,
    heartbeatTimeout: null,
    labels: {},
    correlationId: '',
    traceparent: '',
    parentTaskId: '',
    dedupKey: '',
    typeVersion: 0,
  };
  return newTask(spec, start, Duration.ofMillis(createdMillis).addTo(start)).task;
}

const tasks = fc.uniqueArray(
  fc.tuple(fc.stringMatching(/^[A-Za-z0-9._:/-]{1,3}$/), fc.integer({ min: -2, max: 2 }), fc.nat(3)),
  { selector: ([id]) => id },
);

describe('the order of claims', () => {
  const few = [task('b', 0, 0), task('a', 1, 1), task('a0', 1, 1), task('B', 0, 0), task('c', -1, 2)];
  const ordered = (strategy: (typeof CLAIM_STRATEGIES)[number]) =>
    [...few].sort(claimOrder(strategy)).map(({ id }) => id);

  it('FIFO: oldest first, ties by id ascending', () => {
    expect(ordered('FIFO')).toEqual(['B', 'b', 'a', 'a0', 'c']);
  });

  it('LIFO: the exact reverse', () => {
    expect(ordered('LIFO')).toEqual(['c', 'a0', 'a', 'b', 'B']);
  });

  it('PRIORITY: highest first, then as FIFO', () => {
    expect(ordered('PRIORITY')).toEqual(['a', 'a0', 'B', 'b', 'c']);
  });

  it.each(CLAIM_STRATEGIES)('%s is one order for every arrangement of the same tasks', (strategy) => {
    fc.assert(
      fc.property(tasks, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (rows, chances) => {
        const all = rows.map(([id, priority, created]) => task(id, priority, created));
        const shuffled = all
          .map((each) => ({ each, key: chances.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ each }) => each);
        const order = claimOrder(strategy);
        expect([...shuffled].sort(order)).toEqual([...all].sort(order));
        for (const a of all) for (const b of all) expect(Math.sign(order(a, b)) + Math.sign(order(b, a))).toBe(0);
        for (const a of all) for (const b of all) if (a !== b) expect(order(a, b)).not.toBe(0);
      }),
    );
  });

  it('compares ids as the bytes of their text', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9._:/-]{1,8}$/),
        fc.stringMatching(/^[A-Za-z0-9._:/-]{1,8}$/),
        (a, b) => {
          expect(compareIds(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
        },
      ),
    );
  });
});

describe('wanted types', () => {
  it.each([
    [[], 'anything', true],
    [['mail.send'], 'mail.send', true],
    [['mail.send'], 'mail.send.now', false],
    [['mail.send'], 'Mail.send', false],
    [['mail.*'], 'mail.send', true],
    [['mail.*'], 'mail.send.now', true],
    [['mail.*'], 'mail', false],
    [['mail.*'], 'mailer.send', false],
    [['pay', 'mail.*'], 'pay', true],
    [['*'], 'mail', false],
    [['m*l'], 'mail', false],
  ] as const)('%j take "%s": %s', (wanted, type, expected) => {
    expect(matchesTypes(wanted, type)).toBe(expected);
  });
});
