import { type ClientHttp2Stream, connect } from 'node:http2';
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
  const leaseDuration = { seconds: BigInt(LEASE.toSeconds()), nanos: 0 };
  const options = { ...dispatchv1.ClaimOptions.decode(new Uint8Array()), workerId, queues: [queue], leaseDuration };
  const messages: readonly dispatchv1.WorkRequest[] = [
    { message: { $case: 'hello', value: { options } } },
    { message: { $case: 'credits', value: { add: CREDITS } } },
  ];
  const requests = messages.map((message) => dispatchv1.WorkRequest.encode(message).finish());
  return callDeaf(address, `/${fullName}/${methods.work.name}`, (stream) => {
    for (const request of requests) stream.write(framed(request));
  });
}

/** A subscriber to all events from the oldest on, which does not read what it is sent. */
export function startDeafSubscriber(address: string): DeafStream {
  const { fullName, methods } = eventv1.EventServiceDefinition;
  const request = eventv1.SubscribeRequest.encode({
    namespace: '',
    filter: undefined,
    start: { $case: 'time', value: new Date(0) },
  }).finish();
  return callDeaf(address, `/${fullName}/${methods.subscribe.name}`, (stream) => stream.end(framed(request)));
}

/** On bare HTTP/2: gRPC clients read on and keep what nobody asks them for, which spares the server. */
function callDeaf(address: string, path: string, send: (stream: ClientHttp2Stream) => void): DeafStream {
  const session = connect(`http://${address}`);
  let ended = false;
  session.on('error', () => (ended = true));
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  // Without a listener for data nothing is read, and flow control holds the server back.
  stream.on('error', () => (ended = true)).on('close', () => (ended = true));
  send(stream);
  return {
    get ended() {
      return ended;
    },
    close: () => session.destroy(),
  };
}

/** A message as gRPC frames it: not compressed, its length, itself. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
