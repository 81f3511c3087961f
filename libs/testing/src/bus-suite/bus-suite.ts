import { type EventBus, EVENT_TYPES, eventId, type OrreryEvent } from '@orrery/core';
import { Arrivals } from './arrivals.ts';
import { courseOf, taskEvent, workerEvent } from './sample-events.ts';

/** How the suite gets a bus. */
export interface BusAdapter {
  /** A fresh bus, with a hundredth of a second between deliveries, that sets an event aside after three. */
  open(): Promise<EventBus>;
  /** Ends a bus and whatever it ran on. Default: closes it. */
  close?(bus: EventBus): Promise<void>;
}

const CREATED = 'orrery.task.v1.created';

/** What every bus must do. */
export function busSuite(name: string, adapter: BusAdapter): void {
  describe(name, () => {
    let bus: EventBus;

    beforeEach(async () => {
      bus = await adapter.open();
    });

    afterEach(async () => {
      await (adapter.close ? adapter.close(bus) : bus.close());
    });

    test('is connected until it is closed', async () => {
      expect(bus.isConnected()).toBe(true);
      await bus.close();
      expect(bus.isConnected()).toBe(false);
      await expect(bus.publish([taskEvent('a', 1)])).rejects.toThrow();
    });

    test('a consumer gets every field of every event, in order', async () => {
      const arrivals = new Arrivals();
      const sent: readonly OrreryEvent[] = [...courseOf(20, 5), workerEvent('w..1', 1), taskEvent('. "ü"', 1)];
      await bus.consume({ name: 'all', types: EVENT_TYPES }, arrivals.take);
      await bus.publish(sent);
      await arrivals.count(sent.length);
      expect(arrivals.events).toEqual(sent);
    });

    test('a consumer gets only the types it asks for', async () => {
      const arrivals = new Arrivals();
      await bus.consume({ name: 'some', types: [CREATED, 'orrery.worker.v1.started'] }, arrivals.take);
      await bus.publish([taskEvent('a', 1), taskEvent('a', 2, 'started'), workerEvent('w', 1), taskEvent('b', 1)]);
      await arrivals.count(3);
      expect(arrivals.ids).toEqual([taskEvent('a', 1), workerEvent('w', 1), taskEvent('b', 1)].map(eventId));
    });

    test('names share nothing: each gets all', async () => {
      const [first, second] = [new Arrivals(), new Arrivals()];
      await bus.consume({ name: 'first', types: EVENT_TYPES }, first.take);
      await bus.consume({ name: 'second', types: EVENT_TYPES }, second.take);
      await bus.publish(courseOf(3, 2));
      await Promise.all([first.count(6), second.count(6)]);
      expect(first.ids).toEqual(second.ids);
    });

    test('what is told while nobody consumes comes when somebody does again', async () => {
      const [before, after] = [new Arrivals(), new Arrivals()];
      const first = await bus.consume({ name: 'restarts', types: EVENT_TYPES }, before.take);
      await bus.publish([taskEvent('a', 1)]);
      await before.count(1);
      await first.stop();
      await bus.publish([taskEvent('a', 2, 'started')]);
      await bus.consume({ name: 'restarts', types: EVENT_TYPES }, after.take);
      await after.find(taskEvent('a', 2));
      expect(before.ids).toEqual([eventId(taskEvent('a', 1))]);
    });

    test('a batch whose handler throws comes again, and nothing overtakes it', async () => {
      const arrivals = new Arrivals();
      let failures = 2;
      await bus.consume({ name: 'fails', types: EVENT_TYPES }, async (events) => {
        if (failures-- > 0) throw new Error('not now');
        await arrivals.take(events);
      });
      const sent = courseOf(4, 3);
      await bus.publish(sent);
      await arrivals.count(sent.length);
      expect(arrivals.events).toEqual(sent);
    });

    test('an event that keeps failing is set aside, and the others come', async () => {
      const arrivals = new Arrivals();
      let tries = 0;
      const poison = eventId(taskEvent('b', 1));
      await bus.consume({ name: 'poisoned', types: EVENT_TYPES }, async (events) => {
        if (events.some((event) => eventId(event) === poison)) {
          if (events.length === 1) tries += 1;
          throw new Error('cannot digest this');
        }
        await arrivals.take(events);
      });
      await bus.publish([taskEvent('a', 1), taskEvent('b', 1), taskEvent('c', 1)]);
      await arrivals.find(taskEvent('c', 1));
      expect(tries).toBe(3);
      expect(arrivals.ids).not.toContain(poison);
      expect(arrivals.ids).toContain(eventId(taskEvent('a', 1)));
    });

    test('stopping waits for the handler, and none runs afterwards', async () => {
      const entered = Promise.withResolvers<void>();
      const leave = Promise.withResolvers<void>();
      let running = 0;
      const subscription = await bus.consume({ name: 'slow', types: EVENT_TYPES }, async () => {
        running += 1;
        entered.resolve();
        await leave.promise;
        running -= 1;
      });
      const published = bus.publish([taskEvent('a', 1)]);
      await entered.promise;
      const stopped = subscription.stop();
      leave.resolve();
      await stopped;
      expect(running).toBe(0);
      await published;
    });

    test('listeners hear what they ask for, for as long as they listen', async () => {
      const [stays, goes] = [new Arrivals(), new Arrivals()];
      await bus.listen([CREATED], (events) => void stays.take(events));
      const leaving = await bus.listen([CREATED], (events) => void goes.take(events));
      await bus.publish([taskEvent('a', 1), taskEvent('a', 2, 'started')]);
      await Promise.all([stays.find(taskEvent('a', 1)), goes.find(taskEvent('a', 1))]);
      await leaving.stop();
      await bus.publish([taskEvent('b', 1)]);
      await stays.find(taskEvent('b', 1));
      expect(stays.ids).toEqual([taskEvent('a', 1), taskEvent('b', 1)].map(eventId));
      expect(goes.ids).toEqual([eventId(taskEvent('a', 1))]);
    });

    test('a listener that throws harms nobody', async () => {
      const arrivals = new Arrivals();
      await bus.listen([CREATED], () => {
        throw new Error('deaf');
      });
      await bus.listen([CREATED], (events) => void arrivals.take(events));
      await bus.publish([taskEvent('a', 1)]);
      await arrivals.find(taskEvent('a', 1));
    });

    test('publishing again is harmless', async () => {
      const arrivals = new Arrivals();
      await bus.consume({ name: 'again', types: EVENT_TYPES }, arrivals.take);
      const sent = courseOf(30, 3);
      await bus.publish(sent.slice(0, 50));
      await bus.publish(sent);
      await arrivals.distinct(sent.length);
      expect(arrivals.firstOrder()).toEqual(sent.map(eventId));
    });

    test('several publish at once', async () => {
      const arrivals = new Arrivals();
      await bus.consume({ name: 'many', types: EVENT_TYPES }, arrivals.take);
      const parts = Array.from({ length: 5 }, (_, i) => courseOf(40, 5, `part-${i}`));
      await Promise.all(parts.map((part) => bus.publish(part)));
      await arrivals.count(1_000);
      expect(new Set(arrivals.ids).size).toBe(1_000);
      for (const [i, part] of parts.entries())
        expect(arrivals.firstOrder().filter((id) => id.includes(`part-${i}-`))).toEqual(part.map(eventId));
    });
  });
}
