import { RunRecord } from './run-record.ts';

function recordOf(numbers: readonly number[], capacity = 4) {
  const record = new RunRecord(capacity);
  for (const number of numbers) record.began(number, number * 10);
  return record;
}

test('nothing is wrong when each job ran once', () => {
  const record = recordOf([2, 0, 1, 3]);
  expect(record.problems(4)).toEqual([]);
  expect([...record.begunAt(1, 2)]).toEqual([10, 20]);
});

test('missing, doubled and unknown jobs are told of', () => {
  expect(recordOf([0, 3]).problems(4)).toEqual(['2 jobs never ran: 1, 2']);
  expect(recordOf([0, 1, 1, 0, 0]).problems(2)).toEqual(['2 jobs ran more than once: 0, 1']);
  expect(recordOf([0, 1, 3, 99]).problems(2)).toEqual(['2 jobs ran that nobody created']);
});

test('a repetition does not count as another job', async () => {
  const record = recordOf([0, 0, 0]);
  let reached = false;
  const waiting = record.waitFor(2).then(() => (reached = true));
  record.began(0, 1);
  await Promise.resolve();
  expect(reached).toBe(false);
  record.began(1, 1);
  await waiting;
  expect(reached).toBe(true);
});
