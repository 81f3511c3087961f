import { type ClientDuplexStream, Client, credentials, type MethodDefinition } from '@grpc/grpc-js';
import { inFlight } from '../in-flight.ts';
import { jobOf } from '../job.ts';
import { startRemote } from '../remote.ts';
import type { EchoMethods } from './echo-main.ts';
import { ECHO, ECHO_STREAM } from './echo.ts';
import type { Rates } from './floors.ts';
import { rateOf } from './rate-of.ts';

const CALLS = 6_000;
const ITEM = Buffer.from(JSON.stringify(jobOf(0)));
const STREAM_WINDOW = 64;

/** Unary calls and a bidirectional stream of 100-byte items, echoed by a server in another process. */
export async function measureGrpc(scale: number): Promise<Rates> {
  await using server = startRemote<EchoMethods>(new URL('./echo-main.ts', import.meta.url));
  const port = await server.call.listen();
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const calls = Math.ceil(CALLS * scale);
  const rates: Record<string, number> = {};
  try {
    await unary(client, 50, 500);
    for (const atOnce of [1, 50, 200]) rates[`unary, ${atOnce} at once`] = await unary(client, atOnce, calls);
    rates['stream, items of 1'] = await streamed(client, 1, calls * 5);
    rates['stream, items of 100'] = await streamed(client, 100, calls * 100);
  } finally {
    client.close();
  }
  return rates;
}

function unary(client: Client, atOnce: number, calls: number): Promise<number> {
  const { path, requestSerialize, responseDeserialize } = ECHO;
  const call = () =>
    new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, ITEM, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  return rateOf(calls, () => inFlight(calls, atOnce, call));
}

function streamed(client: Client, itemsPerMessage: number, items: number): Promise<number> {
  const message = Buffer.concat(Array.from({ length: itemsPerMessage }, () => ITEM));
  const stream = open(client, ECHO_STREAM);
  const messages = Math.ceil(items / itemsPerMessage);
  return rateOf(items, async () => {
    let sent = 0;
    let answered = 0;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const fill = () => {
      while (sent < messages && sent - answered < STREAM_WINDOW) {
        sent += 1;
        stream.write(message);
      }
    };
    stream.on('error', reject).on('data', () => {
      answered += 1;
      if (answered === messages) resolve(undefined);
      else fill();
    });
    fill();
    await promise;
    stream.end();
  });
}

function open(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Buffer, Buffer>,
): ClientDuplexStream<Buffer, Buffer> {
  return client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
}
