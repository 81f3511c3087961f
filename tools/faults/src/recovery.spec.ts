import type { JournalEntry } from './journal.ts';
import { longest, nextClaims, rescues, tooLong } from './recovery.ts';

const entry = (what: 'started' | 'returned', id: string, worker: string, at: number): JournalEntry => ({
  what,
  id,
  token: 't',
  attempt: 1,
  worker,
  at,
});

const claim = (id: string, at: number) => ({ id, at });

it('measures from a fault to the next claim, as long as there was something to claim', () => {
  const created = new Map([['a', { sentAt: 12, at: 13 }]]);
  expect(nextClaims([claim('x', 9), claim('x', 15)], created, [{ process: 'scheduler-1', at: 10 }])).toEqual([5]);
  expect(nextClaims([claim('x', 9)], created, [{ process: 'scheduler-1', at: 10 }])).toEqual([null]);
  expect(nextClaims([claim('x', 9), claim('x', 30)], created, [{ process: 'scheduler-1', at: 20 }])).toEqual([]);
});

it('measures from the kill of a worker until what it was running ran again', () => {
  const journal = [
    entry('started', 'done', 'w1', 1_000),
    entry('returned', 'done', 'w1', 2_000),
    entry('started', 'a', 'w1', 3_000),
    entry('started', 'elsewhere', 'w2', 4_000),
    entry('started', 'just before the signal', 'w1', 10_020),
    entry('started', 'a', 'w2', 30_000),
    entry('started', 'just before the signal', 'w2', 30_020),
    entry('returned', 'a', 'w2', 30_030),
    entry('returned', 'just before the signal', 'w2', 30_040),
    entry('started', 'b', 'w1', 40_000),
  ];
  const claims = journal.filter(({ what }) => what === 'started');
  expect(rescues(journal, claims, [{ process: 'w1', at: 10_000 }])).toEqual([20_000, 20_020]);
  expect(
    rescues(journal, claims, [
      { process: 'w1', at: 10_000 },
      { process: 'w1', at: 50_000 },
    ]),
  ).toEqual([20_000, 20_020, null]);
});

it('finds what took too long or never came to an end', () => {
  expect(tooLong('it goes on', [1_000, 2_000], 2_000)).toEqual([]);
  expect(tooLong('it goes on', [1_000, 2_500], 2_000)).toEqual([
    'it goes on within 2 s: 1 of 2 did not, the longest 2.5 s',
  ]);
  expect(tooLong('it goes on', [null], 2_000)).toHaveLength(1);
  expect(longest([100, 2_540])).toBe('2.5 s');
});
