import { Duration } from '@orrery/duration';
import { workerHealth } from './worker-health.ts';
import type { WorkerState } from './worker.ts';

const heartbeatAt = new Date('2026-03-01T12:00:00.000Z');
const judge = (silentMillis: number, state: WorkerState = 'ACTIVE') =>
  workerHealth({ state, heartbeatAt }, new Date(heartbeatAt.getTime() + silentMillis));

describe('the health of a worker', () => {
  it.each([
    [0, 'HEALTHY'],
    [60_000, 'HEALTHY'],
    [60_001, 'DEGRADED'],
    [120_000, 'DEGRADED'],
    [120_001, 'UNHEALTHY'],
    // A heartbeat noted by a clock that is ahead.
    [-5000, 'HEALTHY'],
  ] as const)('after %d ms of silence: %s', (silent, status) => {
    expect(judge(silent).status).toBe(status);
    expect(judge(silent, 'DRAINING').status).toBe(status);
  });

  it('has a reason to read unless it is good', () => {
    expect(judge(60_000).reason).toBe('');
    expect(judge(60_001).reason).toBe('no heartbeat for 60 s');
    expect(judge(180_999).reason).toBe('no heartbeat for 180 s');
  });

  it.each([
    ['STOPPED', 'Worker is stopped'],
    ['LOST', 'Worker is lost'],
  ] as const)('when %s is bad however recent the heartbeat', (state, reason) => {
    expect(judge(0, state)).toEqual({ status: 'UNHEALTHY', reason });
    expect(judge(500_000, state)).toEqual({ status: 'UNHEALTHY', reason });
  });

  it('goes by thresholds of one’s own', () => {
    const thresholds = { degraded: Duration.ofMillis(10), unhealthy: Duration.ofMillis(20) };
    const statuses = [10, 11, 20, 21].map(
      (ms) =>
        workerHealth({ state: 'ACTIVE', heartbeatAt }, Duration.ofMillis(ms).addTo(heartbeatAt), thresholds).status,
    );
    expect(statuses).toEqual(['HEALTHY', 'DEGRADED', 'DEGRADED', 'UNHEALTHY']);
  });
});
