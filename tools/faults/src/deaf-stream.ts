import type { Readable } from 'node:stream';
import { Client, credentials } from '@grpc/grpc-js';
import { dispatchv1, eventv1 } from '@orrery/contracts';
import { Duration } from '@orrery/duration';

/** A stream whose reader does not read. */
export interface DeafStream {
  /** Whether the server has ended it. */
  readonly ended: boolean;
  close(): void;
}

/** What deaf workers ask for: more than a server should hold for them. */
const CREDITS = 100_000;
const LEASE = Duration.ofSeconds(15);

/** A worker that grants credits for everything there is, and then does not read what it is sent. */
export function startDeafWorker(address: string, workerId: string, queue: string): DeafStream {
  const { fullName, methods } = dispatchv1.DispatchServiceDefinition;
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeBidiStreamRequest(
    `/${fullName}/${methods.work.name}`,
    (request: dispatchv1.WorkRequest) => Buffer.from(dispatchv1.WorkRequest.encode(request).finish()),
    (bytes) => dispatchv1.WorkResponse.decode(bytes),
  );
  const leaseDuration = { seconds: BigInt(LEASE.toSeconds()), nanos: 0 };
  const options = { ...dispatchv1.ClaimOptions.decode(new Uint8Array()), workerId, queues: [queue], leaseDuration };
  call.write({ message: { $case: 'hello', value: { options } } });
  call.write({ message: { $case: 'credits', value: { add: CREDITS } } });
  return deaf(client, call);
}

/** A subscriber to all events from the oldest on, which does not read what it is sent. */
export function startDeafSubscriber(address: string): DeafStream {
  const { fullName, methods } = eventv1.EventServiceDefinition;
  const client = new Client(address, credentials.createInsecure());
  const call = client.makeServerStreamRequest(
    `/${fullName}/${methods.subscribe.name}`,
    (request: eventv1.SubscribeRequest) => Buffer.from(eventv1.SubscribeRequest.encode(request).finish()),
    (bytes) => eventv1.SubscribeResponse.decode(bytes),
    { namespace: '', filter: undefined, start: { $case: 'time', value: new Date(0) } },
  );
  return deaf(client, call);
}

function deaf(client: Client, call: Readable & { cancel(): void }): DeafStream {
  let ended = false;
  // Without a listener for data nothing is read, and the flow control of HTTP/2 holds the server back.
  call.on('error', () => (ended = true)).on('close', () => (ended = true));
  return {
    get ended() {
      return ended;
    },
    close: () => {
      call.cancel();
      client.close();
    },
  };
}
