import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { serveRemote } from '../remote.ts';
import { ECHO, ECHO_STREAM } from './echo.ts';

/** What the process that echoes offers. */
export type EchoMethods = typeof methods;

const methods = {
  /** Listens on a free port of the loopback interface, which it returns. */
  async listen(): Promise<number> {
    const server = new Server();
    server.addService(
      { unary: ECHO, stream: ECHO_STREAM },
      {
        unary: ({ request }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => reply(null, request),
        stream: (stream: ServerDuplexStream<Buffer, Buffer>) =>
          void stream.on('data', (bytes: Buffer) => stream.write(bytes)).on('end', () => stream.end()),
      },
    );
    return new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
};

serveRemote(methods);
