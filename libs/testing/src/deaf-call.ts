import { connect } from 'node:http2';

/** A call whose peer does not read what it is sent. */
export interface DeafCall {
  /** Whether the server has ended it. */
  readonly ended: boolean;
  /** Resolves, when the server has ended it, with the HTTP/2 error code: 0 for none, 11 is ENHANCE_YOUR_CALM. */
  readonly code: Promise<number>;
  /** Sends another message. */
  send(message: Uint8Array): void;
  close(): void;
}

/**
 * Calls a method and never reads. On bare HTTP/2: gRPC clients read on and keep what nobody asks them for, which spares the server.
 */
export function callDeaf(address: string, path: string, messages: readonly Uint8Array[], open = false): DeafCall {
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
  stream.on('error', () => (ended = true));
  const code = new Promise<number>((resolve) =>
    stream.on('close', () => {
      ended = true;
      resolve(stream.rstCode ?? 0);
    }),
  );
  for (const message of messages) stream.write(framed(message));
  if (!open) stream.end();
  return {
    get ended() {
      return ended;
    },
    code,
    send: (message) => void stream.write(framed(message)),
    close: () => session.destroy(),
  };
}

/** A message as gRPC frames it: not compressed, its length, itself. */
function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
