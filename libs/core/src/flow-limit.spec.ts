import { Duration } from '@orrery/duration';
import fc from 'fast-check';
import { FlowBudget } from './flow-budget.ts';
import { coversTask, millisToOpen, openRate, useRate, type FlowLimit } from './flow-limit.ts';

const start = new Date('2026-03-01T12:00:00.000Z');
const after = (millis: number) => Duration.ofMillis(millis).addTo(start);

const limit: FlowLimit = {
  namespace: 'n',
  name: 'limit',
  queue: '',
  type: '',
  perKey: false,
  maxRunning: 2,
  rate: null,
};

describe('what a limit covers', () => {
  it.each([
    ['everything', {}, true],
    ['its queue', { queue: 'mail' }, true],
    ['another queue', { queue: 'sms' }, false],
    ['its type', { type: 'mail.send' }, true],
    ['types below its own', { type: 'mail.*' }, true],
    ['another type', { type: 'mail' }, false],
    ['each key', { perKey: true }, true],
  ] as const)('%s: %j', (_, part, expected) => {
    expect(coversTask({ ...limit, ...part }, { queue: 'mail', type: 'mail.send', flowKey: 'acme' })).toBe(expected);
  });

  it('not tasks without a key, where each key has it to itself', () => {
    expect(coversTask({ ...limit, perKey: true }, { queue: 'mail', type: 'mail.send', flowKey: '' })).toBe(false);
  });
});

describe('A11: rates', () => {
  const rates = fc.record({
    count: fc.integer({ min: 1, max: 50 }),
    period: fc.integer({ min: 1, max: 10_000 }).map((millis) => Duration.ofMillis(millis)),
    burst: fc.integer({ min: 1, max: 20 }),
  });

  it('within any time, no more begins than the burst and what the time gives', () => {
    fc.assert(
      fc.property(rates, fc.array(fc.tuple(fc.nat(500), fc.nat(30)), { maxLength: 50 }), (rate, steps) => {
        let [at, fullAt] = [0, 0];
        const begun: { at: number; count: number }[] = [];
        for (const [wait, wanted] of steps) {
          at += wait;
          const count = Math.min(wanted, openRate(rate, fullAt, after(at)));
          if (count > 0) fullAt = useRate(rate, fullAt, count, after(at));
          begun.push({ at, count });
        }
        begun.forEach((first, index) => {
          let sum = 0;
          for (const each of begun.slice(index)) {
            sum += each.count;
            const given = ((each.at - first.at) * rate.count) / rate.period.toMillis();
            expect(sum).toBeLessThanOrEqual(rate.burst + given + 1e-3);
          }
        });
      }),
    );
  });

  it('who waits as long as it says is let through, and nobody a millisecond earlier', () => {
    fc.assert(
      fc.property(rates, fc.nat(5000), (rate, at) => {
        const fullAt = useRate(rate, 0, rate.burst, start);
        const wait = millisToOpen(rate, fullAt, after(at));
        expect(openRate(rate, fullAt, after(at + wait))).toBeGreaterThan(0);
        if (wait > 1) expect(openRate(rate, fullAt, after(at + wait - 1))).toBe(0);
      }),
    );
  });

  it('the whole burst is there after a quiet time, and no more', () => {
    const rate = { count: 2, period: Duration.ofSeconds(1), burst: 3 };
    const fullAt = useRate(rate, 0, 3, start);
    const open = [0, 499, 500, 1000, 1500, 100_000].map((millis) => openRate(rate, fullAt, after(millis)));
    expect(open).toEqual([0, 0, 1, 2, 3, 3]);
  });
});

describe('a budget', () => {
  const place = { queue: 'mail', type: 'mail.send', flowKey: 'acme' };

  it('counts what runs, by key or in all', () => {
    const running = [
      { ...place, count: 1 },
      { ...place, flowKey: 'other', count: 1 },
    ];
    const inAll = new FlowBudget({ limits: [limit], running, rates: [] }, start);
    const perKey = new FlowBudget({ limits: [{ ...limit, perKey: true }], running, rates: [] }, start);
    expect([inAll.admits(place), perKey.admits(place)]).toEqual([false, true]);
    perKey.take(place);
    expect([perKey.admits(place), perKey.admits({ ...place, flowKey: 'other' })]).toEqual([false, true]);
  });

  it('says which limits have no room left', () => {
    const limits = [
      { ...limit, name: 'two' },
      { ...limit, name: 'one', maxRunning: 1 },
    ];
    const budget = new FlowBudget({ limits, running: [], rates: [] }, start);
    expect(budget.closed()).toEqual([]);
    budget.take(place);
    expect(budget.closed().map(({ name }) => name)).toEqual(['one']);
  });

  it('tells how far rates were used', () => {
    const rate = { count: 1, period: Duration.ofSeconds(1), burst: 5 };
    const limits = [
      { ...limit, name: 'all', rate },
      { ...limit, name: 'each', perKey: true, rate },
    ];
    const rates = [{ limit: 'all', flowKey: '', fullAt: start.getTime() + 500 }];
    const budget = new FlowBudget({ limits, running: [], rates }, start);
    budget.take(place);
    budget.take(place);
    expect(budget.rateUses()).toEqual([
      { limit: 'all', flowKey: '', fullAt: start.getTime() + 2500 },
      { limit: 'each', flowKey: 'acme', fullAt: start.getTime() + 2000 },
    ]);
  });
});
