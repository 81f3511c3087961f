import { Duration } from '@orrery/duration';
import type { LogFields } from './logger.ts';
import { startLoop, type LoopOptions } from './loop.ts';

type Outcome = 'again' | 'idle' | Error;

const interval = Duration.ofSeconds(5);

/** A loop whose turns end as told, one after the other, and whose pauses end when told or woken. */
function setUp(options: Partial<LoopOptions> = {}) {
  const turns: { signal: AbortSignal; end: (outcome: Outcome) => void }[] = [];
  const pauses: { duration: Duration; end: () => void }[] = [];
  const logged: { message: string; fields: LogFields | undefined }[] = [];
  const ignore = (): void => {};
  let onProgress = Promise.withResolvers<void>();
  const progress = (): void => {
    onProgress.resolve();
    onProgress = Promise.withResolvers<void>();
  };
  const loop = startLoop({
    name: 'test',
    interval,
    random: () => 0,
    logger: {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (message, fields) => void logged.push({ message, fields }),
    },
    runOnce: (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<'again' | 'idle'>();
      turns.push({ signal, end: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)) });
      progress();
      return promise;
    },
    sleep: (duration, signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
      pauses.push({ duration, end: resolve });
      progress();
      return promise;
    },
    ...options,
  });
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await onProgress.promise;
  };
  return { loop, turns, pauses, logged, until };
}

describe('a loop', () => {
  test('pauses for the interval after an idle turn', async () => {
    const { loop, turns, pauses, until } = setUp();
    turns[0]?.end('idle');
    await until(() => pauses.length === 1);
    expect(pauses[0]?.duration).toEqual(interval);
    expect(turns).toHaveLength(1);
    pauses[0]?.end();
    await until(() => turns.length === 2);
    turns[1]?.end('idle');
    await loop.stop();
  });

  test('goes on at once while there is more to do', async () => {
    const { loop, turns, pauses, until } = setUp();
    turns[0]?.end('again');
    await until(() => turns.length === 2);
    turns[1]?.end('again');
    await until(() => turns.length === 3);
    expect(pauses).toHaveLength(0);
    turns[2]?.end('idle');
    await loop.stop();
  });

  test('is woken from its pause', async () => {
    const { loop, turns, pauses, until } = setUp();
    turns[0]?.end('idle');
    await until(() => pauses.length === 1);
    loop.wake();
    await until(() => turns.length === 2);
    turns[1]?.end('idle');
    await until(() => pauses.length === 2);
    await loop.stop();
    expect(turns).toHaveLength(2);
  });

  test('woken during a turn, takes one more, however often it was woken', async () => {
    const { loop, turns, pauses, until } = setUp();
    loop.wake();
    loop.wake();
    turns[0]?.end('idle');
    await until(() => turns.length === 2);
    expect(pauses).toHaveLength(0);
    turns[1]?.end('idle');
    await until(() => pauses.length === 1);
    await loop.stop();
    expect(turns).toHaveLength(2);
  });

  test('backs off after errors, up to 10 s, and forgets them after a turn that went well', async () => {
    const { loop, turns, pauses, logged, until } = setUp();
    for (let turn = 0; turn < 9; turn += 1) {
      turns[turn]?.end(new Error('database gone'));
      await until(() => pauses.length === turn + 1);
      pauses[turn]?.end();
      await until(() => turns.length === turn + 2);
    }
    expect(pauses.map(({ duration }) => duration.toMillis())).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000,
    ]);
    expect(logged).toHaveLength(9);
    expect(logged[8]).toEqual({
      message: 'loop failed',
      fields: { loop: 'test', failures: 9, error: new Error('database gone') },
    });
    turns[9]?.end('again');
    await until(() => turns.length === 11);
    turns[10]?.end(new Error('gone again'));
    await until(() => pauses.length === 10);
    expect(pauses[9]?.duration).toEqual(Duration.ofMillis(100));
    await loop.stop();
  });

  test('shortens the pause after an error by up to half', async () => {
    const { loop, turns, pauses, until } = setUp({ random: () => 0.999_999 });
    turns[0]?.end(new Error('no'));
    await until(() => pauses.length === 1);
    expect(pauses[0]?.duration).toEqual(Duration.ofMillis(50));
    await loop.stop();
  });

  test('is not woken from the pause after an error', async () => {
    const { loop, turns, pauses, until } = setUp();
    turns[0]?.end(new Error('no'));
    await until(() => pauses.length === 1);
    loop.wake();
    for (let tick = 0; tick < 10; tick += 1) await Promise.resolve();
    expect(turns).toHaveLength(1);
    pauses[0]?.end();
    await until(() => turns.length === 2);
    turns[1]?.end('idle');
    await loop.stop();
  });

  test('stops after the turn that runs, having told it', async () => {
    const { loop, turns, pauses, logged } = setUp();
    let stopped = false;
    const stop = loop.stop().then(() => (stopped = true));
    expect(turns[0]?.signal.aborted).toBe(true);
    for (let tick = 0; tick < 10; tick += 1) await Promise.resolve();
    expect(stopped).toBe(false);
    turns[0]?.end(new Error('aborted'));
    await stop;
    expect([turns.length, pauses.length, logged.length]).toEqual([1, 0, 0]);
    await loop.stop();
  });

  test('stops from its pause, also from one by the real clock', async () => {
    const idle = Promise.withResolvers<void>();
    const ignore = (): void => {};
    const logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
    const runOnce = async () => (idle.resolve(), 'idle' as const);
    const loop = startLoop({ name: 'real', interval: Duration.ofSeconds(3600 * 24 * 365), runOnce, logger });
    await idle.promise;
    await loop.stop();
  });
});
