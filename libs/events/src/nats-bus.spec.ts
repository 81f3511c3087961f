import { Duration } from '@orrery/duration';
import type { EventBus } from '@orrery/core';
import { busSuite, type EphemeralNats, recordingLogger, startEphemeralNats } from '@orrery/testing';
import { openNatsBus } from './nats-bus.ts';

const servers = new Map<EventBus, EphemeralNats>();

busSuite('the bus on NATS', {
  open: async () => {
    const server = await startEphemeralNats();
    const pause = () => Duration.ofMillis(10);
    const bus = await openNatsBus({ servers: server.url, logger: recordingLogger(), maxDeliveries: 3, pause });
    servers.set(bus, server);
    return bus;
  },
  close: async (bus) => {
    await bus.close();
    await servers.get(bus)?.stop();
  },
});
