import { Duration } from '@orrery/duration';
import { type CreationQuota, needsCount, type QuotaUse, UNUSED_QUOTA, useQuota } from './creation-quota.ts';
import { Refusal } from './refusal.ts';

const now = new Date('2026-03-01T12:00:00Z');
const after = (millis: number) => new Date(now.getTime() + millis);
const quota = (fields: Partial<CreationQuota>): CreationQuota => ({ maxLiveTasks: null, createRate: null, ...fields });
const counted = (liveAtMost: number): QuotaUse => ({ liveAtMost, countedAt: now, rateFullAt: 0 });

function refused(work: () => unknown): Refusal {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('counting live tasks', () => {
  const hundred = quota({ maxLiveTasks: 100 });

  test.each<[string, CreationQuota, QuotaUse, number, Date, boolean]>([
    ['is not done without a quota on them', quota({}), UNUSED_QUOTA, 1, now, false],
    ['is done the first time', hundred, UNUSED_QUOTA, 1, now, true],
    ['is not done while there is room', hundred, counted(50), 50, after(999), false],
    ['is done once there seems to be none', hundred, counted(50), 51, after(1), true],
    ['is done after a second, for what came about without asking', hundred, counted(50), 1, after(1000), true],
    ['is done seldom where it takes long', quota({ maxLiveTasks: 1e6 }), counted(1e6), 1, after(4999), false],
    ['is done again even there', quota({ maxLiveTasks: 1e6 }), counted(1e6), 1, after(5000), true],
    ['is done when the clock was set back', hundred, counted(50), 1, after(-1), true],
  ])('%s', (_, of, use, count, at, expected) => {
    expect(needsCount(of, use, count, at)).toBe(expected);
  });
});

describe('room', () => {
  test('is taken, to the last task', () => {
    const use = useQuota('shop', quota({ maxLiveTasks: 10 }), counted(7), 3, now);
    expect(use).toEqual({ liveAtMost: 10, countedAt: now, rateFullAt: 0 });
    const { reason, metadata, retryAfter } = refused(() =>
      useQuota('shop', quota({ maxLiveTasks: 10 }), counted(7), 4, now),
    );
    expect([reason, metadata]).toEqual([
      'QUOTA_EXCEEDED',
      { namespace: 'shop', quota: 'max_live_tasks', limit: '10', room: '3' },
    ]);
    expect(retryAfter).toEqual(Duration.ofSeconds(1));
  });

  test('is none where there are more tasks than there may be', () => {
    expect(refused(() => useQuota('shop', quota({ maxLiveTasks: 10 }), counted(20), 1, now)).metadata['room']).toBe(
      '0',
    );
  });

  test('can be hoped for when it is counted next, but not for more than there ever is', () => {
    const million = quota({ maxLiveTasks: 1_000_000 });
    const { retryAfter } = refused(() => useQuota('shop', million, counted(1_000_000), 1, now));
    expect(retryAfter).toEqual(Duration.ofSeconds(5));
    expect(refused(() => useQuota('shop', quota({ maxLiveTasks: 10 }), counted(0), 11, now)).retryAfter).toBeNull();
  });

  test('is given by a rate in the course of time', () => {
    const paced = quota({ createRate: { count: 10, period: Duration.ofSeconds(1), burst: 5 } });
    const use = useQuota('shop', paced, UNUSED_QUOTA, 5, now);
    expect(use.rateFullAt).toBe(after(500).getTime());
    const refusal = refused(() => useQuota('shop', paced, use, 2, now));
    expect(refusal.metadata).toEqual({ namespace: 'shop', quota: 'create_rate', limit: '10 per 1s', room: '0' });
    expect(refusal.retryAfter).toEqual(Duration.ofMillis(200));
    expect(useQuota('shop', paced, use, 2, after(200)).rateFullAt).toBe(after(700).getTime());
    expect(refused(() => useQuota('shop', paced, UNUSED_QUOTA, 6, now)).retryAfter).toBeNull();
  });

  test('must be there by every quota', () => {
    const both = quota({ maxLiveTasks: 3, createRate: { count: 1, period: Duration.ofSeconds(1), burst: 2 } });
    expect(refused(() => useQuota('shop', both, counted(0), 3, now)).metadata).toMatchObject({
      quota: 'create_rate',
      room: '2',
    });
    expect(refused(() => useQuota('shop', both, counted(2), 3, now)).metadata).toMatchObject({
      quota: 'max_live_tasks',
      room: '1',
    });
  });
});
