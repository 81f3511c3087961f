import fc from 'fast-check';
import { cronProblem, nextCronTime, timeZoneProblem } from './cron.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Kolkata'];
const DAY_MS = 86_400_000;

/** The next times, as "dd hh:mm" in UTC. */
function times(expression: string, zone: string, after: string, count: number): readonly string[] {
  const found: string[] = [];
  let last: Date | null = new Date(after);
  while (found.length < count && (last = nextCronTime(expression, zone, last)))
    found.push(last.toISOString().slice(8, 16).replace('T', ' '));
  return found;
}

/** What the clocks of a zone show, e.g. "02:30". */
function shown(zone: string, at: Date): string {
  return at.toLocaleTimeString('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' });
}

describe('a cron expression, where the clocks change', () => {
  it('A6: what they leave out falls due as much later, once', () => {
    // 2026-03-29 in Berlin: from 2:00 straight to 3:00.
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3)).toEqual(['28 01:30', '29 01:30', '30 00:30']);
    expect(times('*/20 2 * * *', 'Europe/Berlin', '2026-03-28T22:00Z', 4)).toEqual([
      '29 01:00',
      '29 01:20',
      '29 01:40',
      '30 00:00',
    ]);
  });

  it('A6: two times that fall on one instant are one', () => {
    expect(times('30 2,3 * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 2)).toEqual(['29 01:30', '30 00:30']);
    expect(times('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', 3)).toEqual([
      '29 00:30',
      '29 01:00',
      '29 01:30',
    ]);
  });

  it('A6: what they show twice falls due the first time only', () => {
    // 2026-10-25 in Berlin: 2:00 to 3:00 comes twice.
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T00:00Z', 3)).toEqual(['24 00:30', '25 00:30', '26 01:30']);
    expect(times('0 1-3 * * *', 'Europe/Berlin', '2026-10-24T20:00Z', 4)).toEqual([
      '24 23:00',
      '25 00:00',
      '25 02:00',
      '26 00:00',
    ]);
  });

  it('A6: every hour stays every hour', () => {
    expect(times('0 * * * *', 'Europe/Berlin', '2026-10-24T22:30Z', 4)).toEqual([
      '24 23:00',
      '25 00:00',
      '25 01:00',
      '25 02:00',
    ]);
  });

  it('knows changes of half an hour, at midnight, and of a whole day', () => {
    expect(times('15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T20:00Z', 2)).toEqual(['03 15:45', '04 15:15']);
    expect(times('0 0 * * *', 'America/Santiago', '2026-09-05T05:00Z', 2)).toEqual(['06 04:00', '07 03:00']);
    expect(times('0 12 * * *', 'Pacific/Apia', '2011-12-28T23:00Z', 3)).toEqual(['29 22:00', '30 22:00', '31 22:00']);
  });

  const daily = fc.record({
    zone: fc.constantFrom(...ZONES),
    hour: fc.integer({ min: 0, max: 23 }),
    minute: fc.integer({ min: 0, max: 59 }),
    day: fc.integer({ min: 0, max: 335 }),
  });

  it('A6: once a day is once a day, and any instant before it finds it', () => {
    fc.assert(
      fc.property(daily, fc.double({ min: 0, max: 1, noNaN: true }), ({ zone, hour, minute, day }, share) => {
        const text = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        const start = new Date(Date.UTC(2026, 0, 1) + day * DAY_MS);
        let last = nextCronTime(`${minute} ${hour} * * *`, zone, start)!;
        for (let i = 0; i < 30; i++) {
          const next = nextCronTime(`${minute} ${hour} * * *`, zone, last)!;
          const apart = next.getTime() - last.getTime();
          expect(Math.abs(apart - DAY_MS)).toBeLessThanOrEqual(DAY_MS / 24);
          const between = new Date(last.getTime() + Math.floor(share * (apart - 1)));
          expect(nextCronTime(`${minute} ${hour} * * *`, zone, between)).toEqual(next);
          // Otherwise the clocks leave it out: no instant of the day shows it.
          if (shown(zone, next) !== text)
            for (let m = -180; m <= 180; m++) expect(shown(zone, new Date(next.getTime() + m * 60_000))).not.toBe(text);
          last = next;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('A6: once an hour is once an hour', () => {
    fc.assert(
      fc.property(daily, ({ zone, minute, day }) => {
        if (zone === 'Australia/Lord_Howe') return;
        let last = nextCronTime(`${minute} * * * *`, zone, new Date(Date.UTC(2026, 0, 1) + day * DAY_MS))!;
        for (let i = 0; i < 80; i++) {
          const next = nextCronTime(`${minute} * * * *`, zone, last)!;
          expect(next.getTime() - last.getTime()).toBe(DAY_MS / 24);
          last = next;
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('reading cron expressions', () => {
  it('takes seconds, names, steps and nicknames', () => {
    expect(times('0 9 * * MON-FRI', 'Europe/Berlin', '2026-07-03T12:00Z', 2)).toEqual(['06 07:00', '07 07:00']);
    expect(nextCronTime('*/10 * * * * *', 'UTC', new Date('2026-01-01T00:00:01Z'))).toEqual(
      new Date('2026-01-01T00:00:10Z'),
    );
    expect(times('@daily', 'UTC', '2026-01-01T12:00Z', 1)).toEqual(['02 00:00']);
    expect(times('0 0 29 2 *', 'UTC', '2026-01-01T12:00Z', 1)).toEqual(['29 00:00']);
  });

  it.each(['', 'x', '* * * *', '60 * * * *', '* * * * * * *', '0 0 31 2 *', '@never', '*/0 * * * *', '0 25 * * *'])(
    'says what is wrong with "%s"',
    (expression) => {
      expect(cronProblem(expression)).toContain(`"${expression}"`);
    },
  );

  it('knows time zones', () => {
    expect(timeZoneProblem('America/Argentina/Buenos_Aires')).toBeNull();
    expect(timeZoneProblem('Mars/Olympus')).toContain('"Mars/Olympus"');
    expect(timeZoneProblem('')).toContain('""');
  });
});
