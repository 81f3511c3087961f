import { Duration } from '@orrery/duration';
import { busSuite, courseOf, recordingLogger } from '@orrery/testing';
import { EVENT_TYPES } from '@orrery/core';
import { createLocalBus } from './local-bus.ts';

const open = async () =>
  createLocalBus({ logger: recordingLogger(), maxDeliveries: 3, pause: () => Duration.ofMillis(10) });

busSuite('the local bus', { open });

test('what is published is handled when publishing ends, or stays for the next try', async () => {
  const bus = await open();
  const handled: number[] = [];
  await bus.consume({ name: 'record', types: EVENT_TYPES }, async (events) => {
    await new Promise((resolve) => setImmediate(resolve));
    handled.push(events.length);
  });
  await bus.publish(courseOf(10, 1));
  expect(handled).toEqual([10]);
  await bus.close();
});
