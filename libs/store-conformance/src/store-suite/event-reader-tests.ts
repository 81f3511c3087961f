import { subjectOf, type EventBatch } from '@orrery/core';
import { Duration } from '@orrery/duration';
import type { SuiteContext } from './suite-context.ts';

/** The only cursors of the suite that hold up a purge; each test begins with both at the log's end. */
const [CURSOR, OTHER_CURSOR] = ['suite-reader', 'suite-other-reader'];
const FAR = 2n ** 60n;
const LEASE = Duration.ofSeconds(10);
const ALL = 1_000_000;

/** What those who read the event log must find. */
export function eventReaderTests(context: SuiteContext): void {
  const log = () => context.store.events;
  const second = () => context.clock.advance(Duration.ofSeconds(1));
  /** Writes so many batches, a second apart; returns them as they are in the log. */
  const write = async (count: number): Promise<readonly EventBatch[]> => {
    await context.batches();
    for (let index = 0; index < count; index += 1) {
      second();
      await context.create({ correlationId: `${index}` });
    }
    return context.batches();
  };
  const positions = (batches: readonly EventBatch[]) => batches.map(({ position }) => position);

  describe('reading the event log', () => {
    beforeEach(async () => {
      await context.batches();
      for (const name of [CURSOR, OTHER_CURSOR]) await log().resetCursor(name, await log().head());
    });

    it('goes by position, oldest first, as often as one likes', async () => {
      const start = await log().head();
      const batches = await write(5);
      expect(
        batches.flatMap(({ events }) => events.map((event) => event.noun === 'task' && event.correlationId)),
      ).toEqual(['0', '1', '2', '3', '4']);
      expect(positions(batches).every((position, index, all) => position > (all[index - 1] ?? start))).toBe(true);
      const [, second, third] = positions(batches);
      expect(await log().read(start, 3)).toEqual(batches.slice(0, 3));
      expect(await log().read(start, 3)).toEqual(batches.slice(0, 3));
      expect(await log().read(second ?? 0n, ALL)).toEqual(batches.slice(2));
      expect(await log().read(third ?? 0n, 1)).toEqual(batches.slice(3, 4));
      expect(await log().read(await log().head(), ALL)).toEqual([]);
      expect(await log().read(FAR, ALL)).toEqual([]);
    });

    it('knows the newest position and what waits', async () => {
      const start = await log().head();
      expect(await log().lag(start)).toEqual({ batches: 0, oldestAge: null });
      const batches = await write(3);
      expect(await log().head()).toBe(batches.at(-1)?.position);
      second();
      const lag = await log().lag(start);
      expect([lag.batches, lag.oldestAge?.toMillis()]).toEqual([3, 3000]);
      const rest = await log().lag(batches[1]?.position ?? 0n);
      expect([rest.batches, rest.oldestAge?.toMillis()]).toEqual([1, 1000]);
      await context.createOne();
      // Not sequenced yet, but waiting all the same.
      expect((await log().lag(batches[1]?.position ?? 0n)).batches).toBe(2);
      await context.batches();
      expect(await log().lag(FAR)).toEqual({ batches: 0, oldestAge: null });
    });

    it('can begin at a time', async () => {
      const start = await log().head();
      const [first, next, last] = await write(3);
      const timeOf = (batch: EventBatch | undefined) => batch?.events[0]?.at ?? new Date(NaN);
      expect(await log().positionBefore(timeOf(first))).toBe(start);
      expect(await log().positionBefore(timeOf(next))).toBe(first?.position);
      expect(await log().positionBefore(new Date(timeOf(next).getTime() + 1))).toBe(next?.position);
      expect(await log().positionBefore(second())).toBe(last?.position);
      const [oldest] = await log().read(await log().positionBefore(new Date(0)), 1);
      expect(oldest).toEqual((await log().read(0n, 1))[0]);
    });

    it('sequences so many at a time, until there are no more', async () => {
      const start = await log().head();
      for (let index = 0; index < 5; index += 1) await context.createOne();
      const counts = [];
      do counts.push(await log().sequence(2));
      while (counts.at(-1) !== 0);
      expect(counts).toEqual([2, 2, 1, 0]);
      expect(await log().read(start, ALL)).toHaveLength(5);
    });
  });

  describe('a cursor of the event log', () => {
    beforeEach(async () => {
      await context.batches();
      for (const name of [CURSOR, OTHER_CURSOR]) await log().resetCursor(name, await log().head());
    });

    it('begins before the oldest batch that is kept', async () => {
      await write(2);
      const [oldest] = await log().read(0n, 1);
      const name = `cursor-of-${context.namespace}`;
      const position = await log().acquireCursor(name, 'ann', LEASE);
      expect((await log().read(position ?? FAR, 1))[0]).toEqual(oldest);
      await log().resetCursor(name, FAR);
    });

    it('belongs to one owner until its lease has ended', async () => {
      const start = await log().head();
      const [first, next] = await write(2);
      expect(await log().acquireCursor(CURSOR, 'ann', LEASE)).toBe(start);
      expect(await log().acquireCursor(CURSOR, 'bob', LEASE)).toBeNull();
      expect(await log().moveCursor(CURSOR, 'bob', FAR)).toBe(false);
      expect(await log().acquireCursor(OTHER_CURSOR, 'bob', LEASE)).toBe(start);
      expect(await log().moveCursor(CURSOR, 'ann', first?.position ?? FAR)).toBe(true);
      context.clock.advance(Duration.ofMillis(9_999));
      expect(await log().acquireCursor(CURSOR, 'bob', LEASE)).toBeNull();
      expect(await log().acquireCursor(CURSOR, 'ann', LEASE)).toBe(first?.position);
      context.clock.advance(Duration.ofMillis(9_999));
      expect(await log().acquireCursor(CURSOR, 'bob', LEASE)).toBeNull();
      context.clock.advance(Duration.ofMillis(1));
      expect(await log().acquireCursor(CURSOR, 'bob', LEASE)).toBe(first?.position);
      expect(await log().moveCursor(CURSOR, 'ann', next?.position ?? FAR)).toBe(false);
      expect(await log().moveCursor(CURSOR, 'bob', next?.position ?? FAR)).toBe(true);
      expect(await log().acquireCursor(CURSOR, 'bob', LEASE)).toBe(next?.position);
    });

    it('is given to one of many who ask at once', async () => {
      const owners = Array.from({ length: 20 }, (_, index) => `owner-${index}`);
      const given = await Promise.all(owners.map((owner) => log().acquireCursor(CURSOR, owner, LEASE)));
      expect(given.filter((position) => position !== null)).toHaveLength(1);
    });

    it('never moves back by itself, but can be set', async () => {
      const start = await log().head();
      const [first, next] = await write(2);
      await log().acquireCursor(CURSOR, 'ann', LEASE);
      expect(await log().moveCursor(CURSOR, 'ann', next?.position ?? FAR)).toBe(true);
      expect(await log().moveCursor(CURSOR, 'ann', first?.position ?? FAR)).toBe(true);
      expect(await log().acquireCursor(CURSOR, 'ann', LEASE)).toBe(next?.position);
      await log().resetCursor(CURSOR, start);
      expect(await log().moveCursor(CURSOR, 'ann', next?.position ?? FAR)).toBe(false);
      expect(await log().acquireCursor(CURSOR, 'ann', LEASE)).toBe(start);
      expect(await log().moveCursor(CURSOR, 'ann', first?.position ?? FAR)).toBe(true);
      expect(await log().moveCursor('no-such-cursor', 'ann', 1n)).toBe(false);
    });
  });

  describe('the list of cursors', () => {
    const find = async (name: string) => (await log().listCursors()).find((cursor) => cursor.name === name);

    beforeEach(async () => {
      await context.batches();
      for (const name of [CURSOR, OTHER_CURSOR]) await log().resetCursor(name, await log().head());
    });

    it('says where each is, and who has it until when', async () => {
      const position = await log().head();
      await log().acquireCursor(CURSOR, 'ann', LEASE);
      const names = (await log().listCursors()).map(({ name }) => name);
      expect(names).toEqual([...names].sort());
      const ownedUntil = LEASE.addTo(context.clock.now());
      expect(await find(CURSOR)).toEqual({ name: CURSOR, position, owner: 'ann', ownedUntil });
      expect(await find(OTHER_CURSOR)).toEqual({ name: OTHER_CURSOR, position, owner: null, ownedUntil: null });
      context.clock.advance(LEASE);
      expect(await find(CURSOR)).toEqual({ name: CURSOR, position, owner: null, ownedUntil: null });
    });

    it('loses one that is dropped, and what it held up is purged', async () => {
      await log().purge(second(), ALL);
      await write(2);
      await log().resetCursor(OTHER_CURSOR, FAR);
      expect(await log().purge(second(), ALL)).toBe(0);
      expect(await log().dropCursor(CURSOR, { force: false })).toBe('dropped');
      expect(await find(CURSOR)).toBeUndefined();
      expect(await log().purge(second(), ALL)).toBe(2);
      expect(await log().dropCursor(CURSOR, { force: true })).toBe('unknown');
    });

    it('keeps one that somebody has, unless it is forced', async () => {
      await log().acquireCursor(CURSOR, 'ann', LEASE);
      expect(await log().dropCursor(CURSOR, { force: false })).toBe('owned');
      expect((await find(CURSOR))?.owner).toBe('ann');
      expect(await log().dropCursor(CURSOR, { force: true })).toBe('dropped');
      expect(await log().moveCursor(CURSOR, 'ann', FAR)).toBe(false);
      await log().acquireCursor(CURSOR, 'ann', LEASE);
      context.clock.advance(LEASE);
      expect(await log().dropCursor(CURSOR, { force: false })).toBe('dropped');
    });
  });

  describe('purging the event log', () => {
    beforeEach(async () => {
      await context.batches();
      for (const name of [CURSOR, OTHER_CURSOR]) await log().resetCursor(name, await log().head());
      await log().purge(second(), ALL);
    });

    it('forgets what is older than a time and was passed by every cursor', async () => {
      const batches = await write(4);
      const [first, next, third, last] = positions(batches);
      const kept = async () => positions(await log().read(0n, ALL));
      expect(await log().purge(second(), ALL)).toBe(0);
      await log().resetCursor(CURSOR, last ?? 0n);
      expect(await log().purge(second(), ALL)).toBe(0);
      await log().resetCursor(OTHER_CURSOR, third ?? 0n);
      expect(await log().purge(batches[1]?.events[0]?.at ?? new Date(NaN), ALL)).toBe(1);
      expect(await kept()).toEqual([next, third, last]);
      expect(await log().purge(second(), 1)).toBe(1);
      expect(await log().purge(second(), ALL)).toBe(1);
      expect(await kept()).toEqual([last]);
      expect(await log().positionBefore(new Date(0))).toBe(third);
      await log().resetCursor(OTHER_CURSOR, last ?? 0n);
      expect(await log().purge(second(), ALL)).toBe(1);
      expect(await kept()).toEqual([]);
      expect([await log().head(), await log().positionBefore(new Date(0))]).toEqual([last, last]);
      expect((await log().lag(first ?? 0n)).batches).toBe(0);
    });

    it('leaves positions to those that come after', async () => {
      const head = await log().head();
      expect(await log().read(0n, ALL)).toEqual([]);
      const name = `cursor-of-${context.namespace}`;
      expect(await log().acquireCursor(name, 'ann', LEASE)).toBe(head);
      const [batch] = await write(1);
      expect(batch?.position).toBeGreaterThan(head);
      expect((await log().read(head, ALL)).flatMap(({ events }) => events.map(subjectOf))).toHaveLength(1);
      await log().resetCursor(name, FAR);
    });
  });
}
