import { rotated } from './run-bench.ts';
import { jobsOf, scaled, sessionsOf, WORKLOADS } from './workloads.ts';

test('each round begins with another item and leaves none out', () => {
  const rounds = [1, 2, 3].map((round) => rotated(['1', '2', '3', '4', '5', '6'], round, 3).join(''));
  expect(rounds).toEqual(['123456', '345612', '561234']);
});

test('each workload has a session of its own, but W4 runs what W1 has stored', () => {
  expect(sessionsOf(new Set(WORKLOADS), false)).toEqual([['W1', 'W4'], ['W3'], ['W3b'], ['W5'], ['idle'], ['W2']]);
  expect(sessionsOf(new Set(['W4', 'W5']), false)).toEqual([['W4'], ['W5']]);
  expect(sessionsOf(new Set(['W2', 'W1', 'W5']), true)).toEqual([['W1', 'W5', 'W2']]);
});

test('a larger machine gets more jobs at the same pace', () => {
  const sizes = scaled({ single: 10, bulk: 20, paced: 5, idleSeconds: 1 }, 2.5);
  expect(sizes).toEqual({ single: 25, bulk: 50, paced: 5, idleSeconds: 1 });
  expect(jobsOf(['W1', 'W2', 'W5', 'idle'], sizes)).toBe(80);
});
