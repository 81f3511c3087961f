import type { MethodDefinition } from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

function method(name: string, stream: boolean): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/bench.Echo/${name}`,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** A call that answers what it was sent. */
export const ECHO = method('Unary', false);

/** The same for a stream of messages in both directions. */
export const ECHO_STREAM = method('Stream', true);
