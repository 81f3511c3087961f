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

it('measures from a fault to the next claim, as long as there was something to claim', () => {
  const created = new Map([['a', { sentAt: 12, at: 13 }]]);
  expect(nextClaims([9, 15], created, [{ process: 'scheduler-1', at: 10 }])).toEqual([5]);
  expect(nextClaims([9], created, [{ process: 'scheduler-1', at: 10 }])).toEqual([null]);
  expect(nextClaims([9, 30], created, [{ process: 'scheduler-1', at: 20 }])).toEqual([]);
});

it('measures from the kill of a worker until what it was running ran again', () => {
  const journal = [
    entry('started', 'done', 'w1', 1),
    entry('returned', 'done', 'w1', 2),
    entry('started', 'a', 'w1', 3),
    entry('started', 'elsewhere', 'w2', 4),
    entry('started', 'a', 'w2', 30),
    entry('started', 'b', 'w1', 40),
  ];
  expect(rescues(journal, [{ process: 'w1', at: 10 }])).toEqual([20]);
  expect(
    rescues(journal, [
      { process: 'w1', at: 10 },
      { process: 'w1', at: 50 },
    ]),
  ).toEqual([20, null]);
});

it('finds what took too long or never came to an end', () => {
  expect(tooLong('it goes on', [1_000, 2_000], 2_000)).toEqual([]);
  expect(tooLong('it goes on', [1_000, 2_500], 2_000)).toEqual([
    'it goes on within 2 s: 1 of 2 did not, the longest 2.5 s',
  ]);
  expect(tooLong('it goes on', [null], 2_000)).toHaveLength(1);
  expect(longest([100, 2_540])).toBe('2.5 s');
});
