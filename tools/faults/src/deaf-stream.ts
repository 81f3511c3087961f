import { dispatchv1, eventv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';
import { callDeaf, type DeafCall } from '@orrery/testing';

/** What deaf workers ask for: more than a server should hold for them. */
const CREDITS = 100_000;
const LEASE = Duration.ofSeconds(15);

/** A worker that grants credits for everything there is, and then does not read what it is sent. */
export function startDeafWorker(address: string, workerId: string, queue: string): DeafCall {
  const { fullName, methods } = dispatchv1.DispatchServiceDefinition;
  const leaseDuration = { seconds: BigInt(LEASE.toSeconds()), nanos: 0 };
  const options = { ...dispatchv1.ClaimOptions.decode(new Uint8Array()), workerId, queues: [queue], leaseDuration };
  const messages: readonly dispatchv1.WorkRequest[] = [
    { message: { $case: 'hello', value: { options } } },
    { message: { $case: 'credits', value: { add: CREDITS } } },
  ];
  const requests = messages.map((message) => dispatchv1.WorkRequest.encode(message).finish());
  return callDeaf(address, `/${fullName}/${methods.work.name}`, requests, true);
}

/** A subscriber to all events from the oldest on, which does not read what it is sent. */
export function startDeafSubscriber(address: string): DeafCall {
  const { fullName, methods } = eventv1.EventServiceDefinition;
  const request = eventv1.SubscribeRequest.encode({
    namespace: '',
    filter: undefined,
    start: { $case: 'time', value: new Date(0) },
  }).finish();
  return callDeaf(address, `/${fullName}/${methods.subscribe.name}`, [request]);
}
