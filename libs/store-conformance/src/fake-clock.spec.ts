import { Duration } from '@orrery/duration';
import { FakeClock } from './fake-clock.ts';

describe('the fake clock', () => {
  it('stands still until it is moved', () => {
    const clock = new FakeClock(new Date('2026-01-01T00:00:00.000Z'));
    expect(clock.now()).toEqual(clock.now());
    expect(clock.advance(Duration.ofMillis(1500)).toISOString()).toBe('2026-01-01T00:00:01.500Z');
    clock.set(new Date('2025-01-01T00:00:00.000Z'));
    expect(clock.now().toISOString()).toBe('2025-01-01T00:00:00.000Z');
  });

  it('cannot be moved through the dates it gave or was given', () => {
    const start = new Date('2026-01-01T00:00:00.000Z');
    const clock = new FakeClock(start);
    start.setTime(0);
    clock.now().setTime(0);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });
});
