import { eventId, eventType, subjectOf, type ListAuditRecords, type OrreryEvent } from '@orrery/core';
import { Duration } from '@orrery/duration';
import { plain } from './plain.ts';
import type { SuiteContext } from './suite-context.ts';
import { leaseOf, NO_MORE } from './suite-values.ts';

const FUTURE = new Date('9000-01-01T00:00:00.000Z');

/** What the audit trail must do. */
export function auditTests(context: SuiteContext): void {
  const audit = () => context.store.audit;
  const list = (query: Partial<ListAuditRecords> = {}) =>
    audit().list({ namespace: context.namespace, limit: 1000, ...query });
  const names = async (query: Partial<ListAuditRecords> = {}) =>
    (await list(query)).map(({ event }) => `${subjectOf(event)} ${event.kind}`);
  const second = () => context.clock.advance(Duration.ofSeconds(1));

  /** What happened to two tasks, "a" and "b", and a worker, "a"; seconds apart. */
  const someEvents = async (): Promise<readonly OrreryEvent[]> => {
    const { namespace } = context;
    await context.create({ id: 'a', correlationId: 'c-1' });
    second();
    await context.create({ id: 'b', correlationId: 'c-2' });
    second();
    const [a] = await context.claim();
    second();
    if (a) await context.fail(leaseOf(a), NO_MORE);
    second();
    await context.store.workers.register({
      ...{ namespace, id: 'a', queues: [], types: [], concurrency: 1 },
      ...{ hostname: '', processId: 1, sdk: '', labels: {} },
    });
    return context.allEvents();
  };

  describe('the audit trail', () => {
    afterEach(() => audit().purge(FUTURE, 1_000_000));

    it('keeps events as they are, with the time at which each was recorded', async () => {
      const events = await someEvents();
      const now = second();
      await audit().record(events);
      const records = await list();
      expect(plain(records.map(({ event }) => event))).toEqual(plain(events));
      expect(records.every(({ recordedAt }) => recordedAt.getTime() === now.getTime())).toBe(true);
      expect(await names()).toEqual(['a created', 'b created', 'a started', 'a failed', 'a started']);
    });

    it('records each event once, however often and by however many it is told', async () => {
      const events = await someEvents();
      await audit().record([]);
      await audit().record([...events.slice(0, 2), ...events.slice(0, 2)]);
      const before = await list();
      second();
      await Promise.all([1, 2, 3].map(() => audit().record([...events, ...events].reverse())));
      const after = await list();
      expect(after).toHaveLength(events.length);
      expect(plain(after.slice(0, 2))).toEqual(plain(before));
    });

    it('is searched by subject, correlation, type and time', async () => {
      const events = await someEvents();
      await audit().record(events);
      const at = (index: number) => events[index]?.at ?? FUTURE;
      expect(await names({ subject: 'b' })).toEqual(['b created']);
      expect(await names({ subject: 'a' })).toEqual(['a created', 'a started', 'a failed', 'a started']);
      expect(await names({ correlationId: 'c-1' })).toEqual(['a created', 'a started', 'a failed']);
      expect(await names({ correlationId: 'c-1', subject: 'b' })).toEqual([]);
      expect(await names({ correlationId: 'c-2', subject: 'b' })).toEqual(['b created']);
      expect(await names({ types: ['orrery.worker.*'] })).toEqual(['a started']);
      expect(await names({ types: ['orrery.task.v1.failed', 'orrery.worker.v1.started'] })).toEqual([
        'a failed',
        'a started',
      ]);
      expect(await names({ types: ['orrery.task.v1'] })).toEqual([]);
      expect(await names({ types: [] })).toHaveLength(5);
      expect(await names({ subject: 'a', types: ['orrery.task.*'], from: at(2) })).toEqual(['a started', 'a failed']);
      expect(await names({ from: at(1), before: at(3) })).toEqual(['b created', 'a started']);
      expect(await list({ namespace: 'other' })).toEqual([]);
    });

    it('is read in pages by time, then in the order of recording', async () => {
      await context.createMany(7, { correlationId: 'many' });
      second();
      await context.createMany(3, { correlationId: 'many' });
      const events = await context.allEvents();
      await audit().record(events.toReversed());
      const expected = events
        .toReversed()
        .sort((a, b) => a.at.getTime() - b.at.getTime())
        .map(eventId);
      for (const query of [{}, { correlationId: 'many' }, { types: [eventType({ noun: 'task', kind: 'created' })] }]) {
        const found: string[] = [];
        let after: ListAuditRecords['after'];
        for (;;) {
          const page = await list({ ...query, limit: 4, ...(after && { after }) });
          found.push(...page.map(({ event }) => eventId(event)));
          const last = page.at(-1);
          if (!last) break;
          after = { at: last.event.at, position: last.position };
        }
        expect(found).toEqual(expected);
      }
      const [, next] = await list();
      const after = { at: next?.event.at ?? FUTURE, position: next?.position ?? 0n };
      expect(await list({ after, from: new Date(after.at.getTime() + 1) })).toHaveLength(3);
      expect(await list({ after, from: new Date(0) })).toHaveLength(8);
    });

    it('forgets what is older than a time, the oldest first, so many at once', async () => {
      const events = await someEvents();
      await audit().record(events);
      const before = events[3]?.at ?? FUTURE;
      expect(await audit().purge(before, 2)).toBe(2);
      expect(await names()).toEqual(['a started', 'a failed', 'a started']);
      expect(await audit().purge(before, 2)).toBe(1);
      expect(await audit().purge(before, 2)).toBe(0);
      expect(await names()).toEqual(['a failed', 'a started']);
      // What is forgotten may be recorded again.
      await audit().record(events.slice(0, 1));
      expect(await names()).toEqual(['a created', 'a failed', 'a started']);
    });
  });
}
