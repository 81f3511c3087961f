import {
  Client,
  type ClientReadableStream,
  credentials,
  type Metadata,
  type StatusObject,
  type status as Status,
} from '@grpc/grpc-js';
import type { DescMethod } from '@bufbuild/protobuf';

/** What came of a call. */
export interface Answer {
  /** The gRPC status code; that of the caller's own deadline if the call went on until then. */
  readonly code: Status;
  readonly message: string;
  /** An encoded google.rpc.Status, if the status carried one. */
  readonly details: Uint8Array | undefined;
  /** What was received, undecoded. */
  readonly responses: readonly Uint8Array[];
}

/** How long calls may take that wait for nothing. */
const DEADLINE_MS = 20_000;

/** Methods whose calls may well go on: they wait for tasks or events. */
const WAITING = new Set(['ClaimTasks', 'WaitTask', 'Subscribe', 'WatchTasks', 'Work']);

/** Calls any method with any bytes. */
export class Caller {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  /**
   * Makes one call; a method that takes a stream is sent all the messages, any other the first. `patienceMs` is how long it may go on if
   * it waits for something to happen.
   */
  call(method: DescMethod, messages: readonly Uint8Array[], patienceMs = DEADLINE_MS): Promise<Answer> {
    const path = `/${method.parent.typeName}/${method.name}`;
    const bytes = (message: Uint8Array): Buffer => Buffer.from(message);
    const deadline = Date.now() + (WAITING.has(method.name) ? patienceMs : DEADLINE_MS);
    const options = { deadline };
    const [first = new Uint8Array()] = messages;
    if (method.methodKind === 'unary') {
      const responses: Uint8Array[] = [];
      return new Promise((resolve) => {
        const call = this.#client.makeUnaryRequest(
          path,
          bytes,
          (reply) => reply,
          first,
          options,
          (_error, reply) => {
            if (reply) responses.push(reply);
          },
        );
        call.on('status', (status: StatusObject) => resolve(answerOf(status, responses)));
      });
    }
    if (method.methodKind === 'server_streaming')
      return collect(this.#client.makeServerStreamRequest(path, bytes, (reply) => reply, first, options));
    const call = this.#client.makeBidiStreamRequest(path, bytes, (reply) => reply, options);
    for (const message of messages) call.write(message);
    call.end();
    return collect(call);
  }
}

function collect(call: ClientReadableStream<Buffer>): Promise<Answer> {
  return new Promise((resolve) => {
    const responses: Uint8Array[] = [];
    call.on('data', (reply: Buffer) => responses.push(reply));
    // The status says the same.
    call.on('error', () => undefined);
    call.on('status', (status: StatusObject) => resolve(answerOf(status, responses)));
  });
}

function answerOf(
  status: { code: Status; details: string; metadata: Metadata },
  responses: readonly Uint8Array[],
): Answer {
  const [details] = status.metadata.get('grpc-status-details-bin');
  return {
    code: status.code,
    message: status.details,
    details: details instanceof Uint8Array ? details : undefined,
    responses,
  };
}
