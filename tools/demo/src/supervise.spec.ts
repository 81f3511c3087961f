import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { jest } from '@jest/globals';
import { Duration } from '@orrery/duration';
import { delayBefore, supervise, type SuperviseOptions } from './supervise.ts';

const OPTIONS = {
  name: 'it',
  initialDelay: Duration.ofMillis(1),
  maxDelay: Duration.ofMillis(10),
  healthyAfter: Duration.ofSeconds(60),
  maxRestarts: 3,
  stopGrace: Duration.ofSeconds(10),
} satisfies Partial<SuperviseOptions>;

function node(script: string): ChildProcess {
  return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
}

afterEach(() => jest.useRealTimers());

const FOREVER = 'setInterval(() => {}, 1000); console.log("up")';

test('starts a killed process again, and ends it when stopped', async () => {
  const started: ChildProcess[] = [];
  const ends: string[] = [];
  const second = Promise.withResolvers<ChildProcess>();
  const supervised = supervise({
    ...OPTIONS,
    start() {
      const child = node(FOREVER);
      started.push(child);
      if (started.length === 2) second.resolve(child);
      return child;
    },
    onRestart: (ended) => ends.push(ended),
  });
  started[0]?.kill('SIGKILL');
  const child = await second.promise;
  expect({ ends, restarts: supervised.restarts, pid: supervised.pid }).toEqual({
    ends: ['was ended by SIGKILL'],
    restarts: 1,
    pid: child.pid,
  });
  await supervised.stop();
  expect({ signal: child.signalCode, started: started.length }).toEqual({ signal: 'SIGTERM', started: 2 });
});

test('gives up a process that ends again and again, and says how it ended', async () => {
  let starts = 0;
  const supervised = supervise({
    ...OPTIONS,
    start() {
      starts += 1;
      return node('process.exit(3)');
    },
  });
  await expect(supervised.givenUp).rejects.toThrow('it exited with 3, the last of 4 times in a row: given up');
  expect(starts).toBe(4);
});

test('gives up a program that is not there', async () => {
  const start = () => spawn('/nowhere/at/all');
  await expect(supervise({ ...OPTIONS, start }).givenUp).rejects.toThrow(/could not be started: .*ENOENT/);
});

test('kills a process that does not end when asked to', async () => {
  const child = node(`process.on('SIGTERM', () => {}); ${FOREVER}`);
  const supervised = supervise({ ...OPTIONS, stopGrace: Duration.ofMillis(50), start: () => child });
  if (child.stdout) await once(child.stdout, 'data');
  await supervised.stop();
  expect(child.signalCode).toBe('SIGKILL');
});

test('starts nothing any more once stopped between two starts', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] });
  let starts = 0;
  const restarting = Promise.withResolvers<void>();
  const supervised = supervise({
    ...OPTIONS,
    start() {
      starts += 1;
      return node('');
    },
    onRestart: () => restarting.resolve(),
  });
  await restarting.promise;
  await supervised.stop();
  jest.runAllTimers();
  expect(starts).toBe(1);
});

test('the delay doubles up to its limit', () => {
  const delays = { initialDelay: Duration.ofMillis(200), maxDelay: Duration.ofSeconds(5) };
  const millis = [1, 2, 3, 5, 6, 1_000].map((restart) => delayBefore(restart, delays).toMillis());
  expect(millis).toEqual([200, 400, 800, 3_200, 5_000, 5_000]);
});
