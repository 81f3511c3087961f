import { Duration } from '@orrery/duration';
import { jest } from '@jest/globals';
import { ManualTimers } from './manual-timers.ts';
import { sleep, systemTimers } from './timers.ts';

describe('systemTimers', () => {
  afterEach(() => void jest.useRealTimers());

  it('waits as long as it was told, even for longer than setTimeout can', () => {
    jest.useFakeTimers();
    let over = false;
    systemTimers.after(Duration.of({ days: 60 }), () => (over = true));
    jest.advanceTimersByTime(60 * 86_400_000 - 1);
    expect(over).toBe(false);
    jest.advanceTimersByTime(1);
    expect(over).toBe(true);
  });

  it('does not run what was cancelled, however late', () => {
    jest.useFakeTimers();
    let over = false;
    const cancel = systemTimers.after(Duration.of({ days: 60 }), () => (over = true));
    jest.advanceTimersByTime(30 * 86_400_000);
    cancel();
    jest.advanceTimersByTime(60 * 86_400_000);
    expect(over).toBe(false);
  });
});

describe('sleep', () => {
  it('is over after the wait, or when aborted', async () => {
    const timers = new ManualTimers();
    const slept = sleep(timers, Duration.ofSeconds(1));
    timers.advance(Duration.ofSeconds(1));
    await slept;
    const controller = new AbortController();
    const aborted = sleep(timers, Duration.ofSeconds(1), controller.signal);
    controller.abort(new Error('woken'));
    await expect(aborted).rejects.toThrow('woken');
    expect(timers.pending).toEqual([]);
  });
});
