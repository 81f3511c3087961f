export type { BusLogger } from './bus-logger.ts';
export { type CloudEventMessage, fromCloudEvent, toCloudEvent } from './cloud-event.ts';
export { createLocalBus, type LocalBusOptions } from './local-bus.ts';
export { type NatsBusOptions, openNatsBus } from './nats-bus.ts';
export type { NatsAddress } from './nats-address.ts';
export type { StreamSettings } from './nats-stream.ts';
export { deadLetterSubject, subjectFor } from './subjects.ts';
